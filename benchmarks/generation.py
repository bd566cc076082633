"""Tokens per second of generated text, compared with PyTorch loops.

Writes generation.md. All draw characters from the same network, one LSTM layer, with the same
weights. One PyTorch loop carries the state of `torch.nn.LSTM` from character to character. The
other reads the whole text again for each character, as first versions of such a loop often do. They
take turns in one process, with a different one first in each round.
"""

import argparse
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import torch

from benchmarks.predicting import time_in_turns
from benchmarks.speed.machine import describe_machine
from benchmarks.speed.report import pair_ratios
from benchmarks.turns import show
from sklearn_rnn import RNNLanguageModel
from sklearn_rnn._language.network_reader import make_reader
from sklearn_rnn._language.sampling import draw, next_token_probs
from sklearn_rnn._language.writers import make_writer
from sklearn_rnn.datasets import load_drug_reviews

PROMPT = "I took this "


def main(argv):
    parser = argparse.ArgumentParser(prog="python -m benchmarks generation", description=__doc__)
    parser.add_argument("--hidden-size", type=int, default=512)
    parser.add_argument("--samples", nargs="+", type=int, default=[1, 64])
    parser.add_argument("--threads", nargs="+", type=int, default=[1, torch.get_num_threads()])
    parser.add_argument("--characters", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--output", default="docs/benchmarks")
    args = parser.parse_args(argv)
    model = fit(args.hidden_size)
    loop, lines = TorchLoop(model), introduction(args, model)
    for n_samples, n_threads in product(args.samples, args.threads):
        lines.append(compare(model, loop, n_samples, n_threads, args))
        print(lines[-1], flush=True)
    lines += ["", *growth(model, args.characters, args.rounds), "", *stages(model, args)]
    Path(args.output).mkdir(parents=True, exist_ok=True)
    (Path(args.output) / "generation.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def fit(hidden_size):
    """Return a model of one long text, so that no sample ends early."""
    texts = load_drug_reviews().data[:100]
    model = RNNLanguageModel(hidden_size=hidden_size, documents=False, max_epochs=1, random_state=0)
    return model.fit(texts)


def introduction(args, model):
    machine = describe_machine(["torch", "numpy"])
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    n_ids = model.module_.embedding.table.num_embeddings
    return [
        "# Generating text\n",
        f"Characters per second of `RNNLanguageModel.generate`, with an LSTM of {args.hidden_size} "
        f"units and {n_ids} different characters, compared with PyTorch loops around "
        "`torch.nn.LSTM` that have the same weights. *State* carries the state from character to "
        "character; *again* reads the whole text again for each character, measured over the first "
        f"{args.characters // 10} characters. The others write {args.characters:,} characters. "
        "They take turns, and ratios are computed within a round. Figures are medians of "
        f"{args.rounds} rounds, with [smallest..largest]. "
        "`python -m benchmarks generation` generates this page.\n",
        f"Measured on {machine['cpu']}, {machine['cores']} cores; Python {machine['python']}, "
        f"{versions}.\n",
        "| samples | threads | ours | state | again | ours / state |",
        "| --- | --- | --- | --- | --- | --- |",
    ]


def compare(model, loop, n_samples, n_threads, args):
    """Return a row of the table."""
    n, n_again = args.characters, args.characters // 10
    model.set_params(n_jobs=n_threads)
    functions = {
        "ours": lambda _: model.generate(PROMPT, n, n_samples=n_samples, random_state=0),
        "state": lambda _: loop.carry(n, n_samples),
        "again": lambda _: loop.read_again(n_again, n_samples),
    }
    with torch_threads(n_threads):
        seconds = time_in_turns(functions, None, args.rounds)
    rates = {
        name: [n_samples * (n_again if name == "again" else n) / each for each in found]
        for name, found in seconds.items()
    }
    ratios = show(pair_ratios(rates["ours"], rates["state"]))
    cells = [show(found, ",.0f") for found in rates.values()]
    return f"| {n_samples} | {n_threads} | {' | '.join(cells)} | {ratios} |"


@contextmanager
def torch_threads(n_threads):
    """Let torch compute on so many threads inside of the block."""
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class TorchLoop:
    """A loop of PyTorch with the weights of a model."""

    def __init__(self, model):
        network = model.module_
        self.ids = model.vectorizer_.transform([PROMPT]).data
        cell, table = network.encoder.layers[0][0].cell, network.embedding.table.weight
        self.embedding = torch.nn.Embedding.from_pretrained(table.detach())
        self.lstm = torch.nn.LSTM(cell.input_size, cell.hidden_size)
        self.linear = torch.nn.Linear(cell.hidden_size, len(table))
        with torch.no_grad():
            self.embedding.weight *= network.embedding.scale
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                getattr(self.lstm, f"{name}_l0").copy_(getattr(cell, name))
            self.linear.weight.copy_(network.decoder.weight)
            self.linear.bias.copy_(network.decoder.bias)

    @torch.inference_mode()
    def carry(self, n_tokens, n_samples):
        """Write tokens, with the state carried."""
        read = torch.tensor(self.ids)[:, None].repeat(1, n_samples)
        state, written = None, []
        for _ in range(n_tokens):
            output, state = self.lstm(self.embedding(read), state)
            probs = torch.softmax(self.linear(output[-1]), dim=1)
            read = torch.multinomial(probs, 1).T
            written.append(read)
        return torch.cat(written)

    @torch.inference_mode()
    def read_again(self, n_tokens, n_samples):
        """Write tokens, with all of the text read again for each."""
        text = torch.tensor(self.ids)[:, None].repeat(1, n_samples)
        for _ in range(n_tokens):
            output, _ = self.lstm(self.embedding(text))
            probs = torch.softmax(self.linear(output[-1]), dim=1)
            text = torch.cat([text, torch.multinomial(probs, 1).T])
        return text


def growth(model, n_characters, n_rounds):
    """Return how the time grows with the length of the text."""
    model.set_params(n_jobs=1)
    functions = {
        n: lambda _, n=n: model.generate(PROMPT, n, random_state=0)
        for n in (n_characters, 2 * n_characters)
    }
    seconds = time_in_turns(functions, None, n_rounds)
    once, twice = seconds.values()
    ratios = [b / a for a, b in zip(once, twice, strict=True)]
    line = (
        f"Twice as many characters, {2 * n_characters:,} instead of {n_characters:,}, take "
        f"{show(ratios)} times as long."
    )
    print(line, flush=True)
    return ["## Longer texts\n", line]


def stages(model, args):
    """Return a table of where the time of a step goes, each stage timed by itself."""
    lines = [
        "## Where the time goes\n",
        "Microseconds of a step by stage, on one thread. *Network* reads a character of each "
        "sample; *text* turns the chosen ids into text.\n",
        "| samples | network | scores | choice | text |",
        "| --- | --- | --- | --- | --- |",
    ]
    with torch_threads(1):
        for n_samples in args.samples:
            functions = stage_functions(model, n_samples)
            micros = [f"{median(time_calls(function)):.0f}" for function in functions]
            lines.append(f"| {n_samples} | {' | '.join(micros)} |")
    return lines


def stage_functions(model, n_samples):
    """Return the stages of a step as functions, in the order of the table."""
    reader = make_reader(model, None)
    writer, rng = make_writer(model.vectorizer_), np.random.default_rng(0)
    start = reader.start(model.vectorizer_.transform([PROMPT]).data)
    state = reader.select(start, np.zeros(n_samples, np.int64))
    scores, ids = reader.scores(state), np.full(n_samples, 5)
    return [
        lambda: reader.step(state, ids),
        lambda: reader.scores(state),
        lambda: draw(next_token_probs(scores), rng.random(n_samples)),
        lambda: [writer.write(None, int(id_)) for id_ in ids],
    ]


def time_calls(function, n_calls=300):
    """Return the microseconds of each call."""
    micros = []
    for _ in range(n_calls):
        start = perf_counter()
        function()
        micros.append(1e6 * (perf_counter() - start))
    return micros
