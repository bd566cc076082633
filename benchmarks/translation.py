"""Translations of dates, spellings and sentences: how right they are after the same time.

Run as ``python -m benchmarks translation``. `RNNTranslator` fits on train and is scored on test,
greedily and with a beam. Beside it is a network of the same sizes in a plain PyTorch loop, which
trains for as many seconds of the processor. Writes docs/benchmarks/translation.md and .json; sets
that are not named keep what was measured before.
"""

import argparse
import gzip
import json
from pathlib import Path
from time import process_time

import numpy as np
import torch

from benchmarks._data import data_folder
from benchmarks.speed.machine import describe_machine
from benchmarks.translation_peer import TutorialTranslator
from sklearn_rnn import RNNTranslator, SequenceVectorizer, SubwordVectorizer
from sklearn_rnn.metrics import bleu_score, chrf_score, exact_match_score

BEAM_SIZE = 5
N_EXAMPLES = 12
OURS, BEAM, TUTORIAL = "RNNTranslator", f"RNNTranslator, beam of {BEAM_SIZE}", "by hand in PyTorch"


def _characters():
    return SequenceVectorizer(analyzer="char", lowercase=False)


def _subwords():
    return SubwordVectorizer(vocab_size=4000, lowercase=False)


def _phonemes():
    return SequenceVectorizer(lowercase=False)


# What differs from the defaults, chosen on the valid parts.
SETS = {
    "dates": (_characters, _characters, {"max_epochs": 10}),
    "cmudict_g2p": (
        _characters,
        _phonemes,
        {"hidden_size": 256, "dropout": 0.2, "max_epochs": 25},
    ),
    "tatoeba": (_subwords, _subwords, {"dropout": 0.2, "max_epochs": 8}),
}
FOLDERS = {"tatoeba": "tatoeba_eng_fra_small"}


def load_pairs(name, part):
    """Return sources and targets: texts, or lists of phonemes."""
    path = data_folder() / FOLDERS.get(name, name) / f"{part}.tsv.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t") for line in file]
    X, y = map(list, zip(*rows, strict=True))
    return X, [text.split() for text in y] if name == "cmudict_g2p" else y


def make_model(name, seed):
    source, target, params = SETS[name]
    return RNNTranslator(
        source_vectorizer=source(),
        target_vectorizer=target(),
        n_jobs=1,
        device="cpu",
        random_state=seed,
        **params,
    )


def evaluate(name, part, seed):
    """Return the scores of each model on a part of a set, its times, and some translations."""
    X, y = load_pairs(name, "train")
    X_test, y_test = load_pairs(name, part)
    start = process_time()
    model = make_model(name, seed).fit(X, y)
    seconds = process_time() - start
    hand = TutorialTranslator(model, seconds, seed).fit(X, y)
    passes = {OURS: model.n_iter_, BEAM: model.n_iter_, TUTORIAL: hand.n_pairs / len(X)}
    ways = {
        OURS: model.predict,
        BEAM: lambda X: model.translate(X, beam_size=BEAM_SIZE),
        TUTORIAL: hand.predict,
    }
    rows, texts = {}, {}
    for way, predict in ways.items():
        start = process_time()
        predicted = list(predict(X_test))
        rate = len(X_test) / (process_time() - start)
        texts[way] = [_as_text(each) for each in predicted]
        rows[way] = {
            **_scores(name, [_as_text(each) for each in y_test], texts[way]),
            "seconds": seconds,
            "passes": passes[way],
            "translations a second": rate,
        }
    chosen = np.linspace(0, len(X_test) - 1, N_EXAMPLES).astype(int)  # spread over the part
    examples = [
        [X_test[i], _as_text(y_test[i]), texts[BEAM][i], texts[TUTORIAL][i]] for i in chosen
    ]
    return {"part": part, "rows": rows, "examples": examples}


def _as_text(target):
    return target if isinstance(target, str) else " ".join(target)


def _scores(name, y_true, y_pred):
    scores = {"exact match": exact_match_score(y_true, y_pred), "chrF": None, "BLEU": None}
    if name == "tatoeba":
        scores["chrF"] = chrf_score(y_true, y_pred)
        scores["BLEU"] = bleu_score(y_true, y_pred)
    return scores


def make_report(results):
    machine = describe_machine(["torch", "sacrebleu"])
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    _, signature = bleu_score(["a"], ["a"], return_signature=True)
    lines = [
        "# Translators\n",
        "Trained on the train part of each set, scored on its test part. The network by hand is a "
        "plain PyTorch loop over padded batches: a bidirectional `torch.nn.LSTM`, another one as "
        "decoder, and Luong's attention, with the vectorizers, sizes, dropout, batch size and "
        "optimizer of `RNNTranslator`. It trains for the same number of seconds, with a learning "
        "rate that rises and falls, and translates greedily. `python -m benchmarks "
        "translation` generates this page.\n",
        f"Times are CPU times on one thread, {machine['cpu']}, {versions}. Word error "
        "is the share of targets that are not exactly right. Sentences have more than one good "
        f"translation; BLEU ({signature}) and chrF compare them with one.\n",
        "| data set | model | word error | chrF | BLEU | seconds of training | passes "
        "| translations a second |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    known = [name for name in SETS if name in results]
    for name in known:
        lines += [_row(name, way, row) for way, row in results[name]["rows"].items()]
    for name in known:
        lines += _examples(name, results[name]["examples"])
    return "\n".join(lines) + "\n"


def _row(name, way, row):
    texts = ["-" if row[key] is None else f"{row[key]:.1f}" for key in ("chrF", "BLEU")]
    cells = [name, way, f"{1 - row['exact match']:.4f}", *texts, f"{row['seconds']:,.0f}"]
    cells += [f"{row['passes']:.1f}", f"{row['translations a second']:,.0f}"]
    return f"| {' | '.join(cells)} |"


def _examples(name, examples):
    lines = [
        f"\n## {name}\n",
        "Pairs from the test part, at regular intervals. `RNNTranslator` uses a beam of "
        f"{BEAM_SIZE}.\n",
        "| source | reference | RNNTranslator | by hand |",
        "| --- | --- | --- | --- |",
    ]
    for row in examples:
        lines.append(f"| {' | '.join(text.replace('|', chr(92) + '|') for text in row)} |")
    return lines


def main(argv):
    parser = argparse.ArgumentParser(prog="python -m benchmarks translation", description=__doc__)
    parser.add_argument("sets", nargs="*", metavar="SET", help=f"of {', '.join(SETS)}; or all")
    parser.add_argument("--part", choices=["valid", "test"], default="test")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", default="docs/benchmarks")
    args = parser.parse_args(argv)
    if unknown := {*args.sets} - {*SETS}:
        parser.error(f"unknown sets {sorted(unknown)}: choose from {', '.join(SETS)}")
    torch.set_num_threads(1)
    folder = Path(args.output)
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / "translation.json"
    for name in args.sets or SETS:
        result = evaluate(name, args.part, args.seed)
        # Read here: another process may have measured another set meanwhile.
        results = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
        results[name] = result
        for way, row in result["rows"].items():
            print(_row(name, way, row), flush=True)
        text = json.dumps(results, indent=1, ensure_ascii=False)
        kept.write_text(text + "\n", encoding="utf-8")
        (folder / "translation.md").write_text(make_report(results), encoding="utf-8")
