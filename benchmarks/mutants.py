"""Which deliberate faults the fast tests find.

Each fault is made alone, in a copy of a checkout. The tests of the faulty file run first, then, if
none of them fails, all fast tests. Prints what found each fault and, at the end, the survivors.
Ends with status 1 if a fault survives or its line is no longer there.
"""

import argparse
import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parent.parent
CELLS = "sklearn_rnn/modules/cells"
VECTORS = "sklearn_rnn/_vectors"
LANGUAGE = "sklearn_rnn/_language"

# What a file has instead of one fragment, which stands in it once. A fault changes results or
# errors that somebody relies on, and not speed alone.
FAULTS = {
    "sklearn_rnn/_training/batches.py": [
        ("np.insert(X.data, X.indptr[empty], UNKNOWN_ID)", "np.insert(X.data, empty, UNKNOWN_ID)"),
        ("np.cumsum(self.lengths) - self.lengths", "np.cumsum(lengths) - lengths"),
        ("else self.starts[rows] + offsets", "else self.starts[rows]"),
        (
            "rows, lengths, starts = rows[order], lengths[order], starts[order]",
            "lengths, starts = lengths[order], starts[order]",
        ),
        ("torch.from_numpy(self.weights[rows])", "torch.from_numpy(self.weights[: len(rows)])"),
        (
            'np.searchsorted(-lengths, -steps, side="left")',
            'np.searchsorted(-lengths, -steps, "right")',
        ),
        ("randint(lengths - cropped + 1)", "randint(np.maximum(lengths - cropped, 1))"),
        ("lengths = np.minimum(lengths, self.crop_length)", "lengths = lengths.copy()"),
        ("-(-len(self.dataset) // self.batch_size)", "len(self.dataset) // self.batch_size + 1"),
        (
            "return [batches[i] for i in random_state.permutation(len(batches))]",
            "return batches",
        ),
        ("min(MAX_WINDOW, -(-len(sizes) // WINDOW_SHARE))", "len(sizes)"),
        ("MAX_BATCH_TOKENS // lengths[start]", "MAX_BATCH_TOKENS // lengths[-1]"),
        (
            "min(n_tokens // PART_TOKENS, len(rows) // self.part_documents)",
            "n_tokens // PART_TOKENS",
        ),
    ],
    f"{LANGUAGE}/sampling.py": [
        ("scores / penalty, scores * penalty", "scores / penalty, scores / penalty"),
        ("np.where(scores < last, -np.inf, scores)", "np.where(scores <= last, -np.inf, scores)"),
        ("probs /= max(temperature,", "probs *= max(temperature,"),
        ("cumulative <= uniforms[:, None]", "cumulative < uniforms[:, None]"),
        ("axis=1)[:, :-1] >= needed] = 0", "axis=1)[:, :-1] > needed] = 0"),
        ("n_likely *= 8", "break"),
        ("while self._n_blocks <= block:", "while self._n_blocks < block:"),
    ],
    f"{LANGUAGE}/generation.py": [
        ("goes_on[place] = not texts[sample].is_stopped", "pass"),
        ("or step == max_new_tokens - 1:", "or step == max_new_tokens:"),
        ("running[rows], ids[rows], reader", "running[: len(rows)], ids[rows], reader"),
        ("make_choose(seeds[group], **settings)", "make_choose(seeds, **settings)"),
    ],
    f"{LANGUAGE}/beam.py": [
        ("num_beams - len(ended)", "num_beams"),
        ("length_penalty * math.log(each.n_tokens)", "length_penalty * each.n_tokens"),
        ("log_probs[goes_on], parents[goes_on]", "log_probs[: len(beams)], parents[goes_on]"),
        ("parent_beams[parent].copy()", "parent_beams[parent]"),
    ],
    f"{LANGUAGE}/reader.py": [
        ("[UNKNOWN_ID] if ends else [BOUNDARY_ID, UNKNOWN_ID]", "[UNKNOWN_ID]"),
        ("seen = seen.copy()", "pass"),
        ("else read.seen[texts]", "else read.seen[: len(texts)]"),
    ],
    f"{LANGUAGE}/continuation.py": [
        ("self._written.append(text[: min(found)[1]])", "self._written.append(text)"),
        ("other._written = self._written.copy()", "pass"),
        ("len(stop) - 1), 0, -1)", "len(stop) - 1), 1, -1)"),
    ],
    f"{LANGUAGE}/network_reader.py": [
        ("self._log_prior - losses", "self._log_prior + losses"),
        ("np.repeat(ids, len(self._log_prior))", "np.tile(ids, len(self._log_prior))"),
        ("read.log_labels[texts], read", "read.log_labels, read"),
        ("np.concatenate([[BOUNDARY_ID], ids])", "np.append(ids, BOUNDARY_ID)"),
    ],
    "sklearn_rnn/_text/sequences.py": [
        ("tokens.min() < 1", "tokens.min() < 0"),
        ("elif longest > width:", "elif longest >= width:"),
        ("np.repeat(indptr[:-1], lengths)", "np.repeat(indptr[1:], lengths)"),
        ('"both": -(-max_length // 2)', '"both": max_length // 2'),
        ("(position < n_first)", "(position <= n_first)"),
        ("np.repeat(lengths - n_last, lengths)", "np.repeat(lengths - n_first, lengths)"),
        ("np.minimum(lengths, max_length)", "np.full_like(lengths, max_length)"),
        ("_as_ids(X.data[:n_tokens], name)", "_as_ids(X.data, name)"),
        (" or not sequences.data.all():", ":"),
        ("sequences.astype(np.int64, copy=True)", "sequences.copy()"),
        ("sequences.eliminate_zeros()", "sequences.sort_indices()"),
        ("np.nonzero(is_token)[1]", "np.nonzero(is_token)[0]"),
        ("values != np.floor(values)", "values != np.round(values, 1)"),
        ("if low < 0:", "if low < -1:"),
        ("if high > _MAX_INT32:", "if high >= _MAX_INT32:"),
    ],
    "sklearn_rnn/_training/training_state.py": [
        ('net.history.extend([_with_batches(row) for row in state["history"][:-1]])', "pass"),
        ('net.history[-1].update(_with_batches(state["history"][-1]))', "pass"),
        ('order_of(net).set_state(state["order"].get_state())', "pass"),
        ('generator_of(net).set_state(state["random"])', "pass"),
        ('net.set_carried(state["carried"])', "pass"),
        ('group["lr"] = float(rate)', "pass"),
        ("value.dtype == parameter.dtype and value.shape in ((), parameter.shape)", "True"),
        ("torch.empty_like(parameter, requires_grad=False).copy_(value)", "value"),
    ],
    "sklearn_rnn/_training/resumable.py": [
        ("islice(iterator, n_done, None)", "islice(iterator, n_done - 1, None)"),
        ('self.history.record(f"{prefix}_batch_count", len(self.history[-1]["batches"]))', "pass"),
    ],
    "sklearn_rnn/_training/fit_identity.py": [
        ('"validation data": digest(sets[1])', '"validation data": digest(None)'),
        ("found.update(np.ascontiguousarray(value).reshape(-1).view(np.uint8))", "pass"),
        ("return found + causes or others", "return found + causes"),
    ],
    "sklearn_rnn/_training/checkpoints.py": [
        ("if not training or not self.writes_:", "if not training:"),
        ("if monotonic() >= self.due_:", "if True:"),
        ("now + max(_SECONDS, (now - start) / _SHARE)", "now + _SECONDS"),
        ("elif not self.is_data_:", "elif False:"),
        ("deepcopy(order_of(net))", "order_of(net)"),
    ],
    "sklearn_rnn/_training/shards.py": [
        ("grad if parameter.grad is None else parameter.grad.add_(grad)", "grad"),
    ],
    "sklearn_rnn/_training/net.py": [
        ("loss * (len(weights) / len(x))", "loss / len(sizes)"),
        ("(penalty * weights.to(penalty.device)).mean()", "penalty.mean()"),
        ("self._generator(seed, x.n_shards))", "self._generator(seeds[0], x.n_shards))"),
        (
            "torch.randint(2**63 - 1, (len(sizes),), generator=self._random).tolist()",
            "list(range(len(sizes)))",
        ),
        ("self._random.set_state(torch.get_rng_state())", "self._random.manual_seed(0)"),
        (
            "(self.criterion_(outputs, targets) * weights).mean()",
            "self.criterion_(outputs, targets).mean()",
        ),
        (
            "(outputs, targets) * weights).mean()",
            "(outputs, targets) * weights).sum() / weights.sum()",
        ),
        ("(torch.cat([part] * len(y_pred)) for", "(part.repeat_interleave(len(y_pred), 0) for"),
        ("outputs[np.concatenate(plan)] =", "outputs[:] ="),
        ("self._set_training(False)", "self._set_training(True)"),
        ("torch.empty_like(parameter).copy_(grad)", "grad"),
        ("return torch.cat(list(outputs)).float()", "return torch.cat(list(outputs))"),
        ("with torch.set_grad_enabled(grad_enabled), self._autocast():", "with self._autocast():"),
        (
            "isinstance(callback, EarlyStopping) and callback.misses_ >= callback.patience",
            "isinstance(callback, EarlyStopping)",
        ),
    ],
    "sklearn_rnn/_training/predict.py": [
        ("np.argsort(-lengths, kind", "np.argsort(lengths, kind"),
        ("rows[i::n_parts] for i in", "rows[i::n_parts] for i in [0] or"),
    ],
    "sklearn_rnn/modules/_inference.py": [
        ("and not part._forward_hooks", ""),
        ("and not part._forward_pre_hooks", ""),
        ("and _METHODS[type(part)].isdisjoint(vars(part))", ""),
        ("type(part) in _METHODS", "isinstance(part, tuple(_METHODS))"),
        ("and tensor.shape == shape", ""),
        ("tensor.detach().contiguous()", "tensor.detach()"),
        (" and layer.reverse == reverse)", ")"),
        (" and table.max_norm is None)", ")"),
        (
            "net.n_ids, net.vector_size, net.scale = n_ids, vector_size, embedding.scale",
            "net.n_ids, net.vector_size, net.scale = n_ids, vector_size, 1",
        ),
    ],
    f"{VECTORS}/ngrams.py": [
        ("text.astype(np.int8).astype(np.int32).view(np.uint32)", "text.astype(np.uint32)"),
        ("(n_chars > 1) | ~(is_first | at_end)", "(n_chars > 1) | ~is_first"),
        ("n_chars += is_whole", "n_chars += 1"),
        ("np.maximum(counts, 1).astype(np.float32)", "np.maximum(counts, 2).astype(np.float32)"),
    ],
    f"{VECTORS}/fasttext_file.py": [
        (
            "if version == 11 and model == _SUPERVISED:",
            "if model == _SUPERVISED and version == 10:",
        ),
        ("word != _END_OF_SENTENCE", "word is not None"),
        ("rows[is_made] + self.n_words", "rows[is_made]"),
        ("find(word, seen) or [word]", "[word]"),
        ("self.source.seek(place)", "self.source.seek(self.start)"),
    ],
    f"{VECTORS}/text_file.py": [
        ("key=lambda count: (-found[count], count)", "key=lambda count: -count"),
        ("extra and all(map(_is_number, extra))", "False"),
        ("if n_rows == max_words:", "if number == max_words:"),
        ("rest = lines.pop()\n        number", "rest = lines.pop()[:0]\n        number"),
        ("if n_rows < promised:", "if n_rows > promised:"),
    ],
    f"{VECTORS}/word2vec_file.py": [
        ('.lstrip(b"\\n")', ""),
        ("n_words = min(n_words, max_words)", "pass"),
        ("n_words * (4 * n_features + 1) > n_left", "False"),
        ("len(buffer) < end + 1 + n_bytes", "len(buffer) < end + n_bytes"),
    ],
    f"{VECTORS}/word_forms.py": [
        ("_STEMS.get(stem.lower(), stem)", "stem"),
        ("(short, _FULL[short])", "(short,)"),
        ("if None not in found:", "if any(found):"),
    ],
    f"{VECTORS}/table.py": [
        ("elif decoded in self.rows:", "elif False:"),
        ("vectors = vectors[finite]", "vectors = vectors[: len(words)]"),
    ],
    f"{VECTORS}/container.py": [
        ('not name.startswith("__MACOSX/")', "True"),
        ("if isinstance(exc, OSError) and exc.errno is not None:", "if isinstance(exc, OSError):"),
    ],
    f"{VECTORS}/cooccurrence.py": [
        (
            "near = documents[:-distance] == documents[distance:]",
            "near = np.ones(len(ids) - distance, bool)",
        ),
        ("1 / distance", "1.0"),
        ("of_words**_SMOOTHING", "of_words * 1.0"),
    ],
    f"{CELLS}/_base.py": [
        ("outputs.append(state[0])", "outputs.append(state[-1])"),
        ("self.n_gates)[self.keep_gate]", "self.n_gates)[0]"),
        ("nn.init.orthogonal_(gate)", "nn.init.xavier_uniform_(gate)"),
    ],
    f"{CELLS}/_lstm.py": [
        ("write_gate, keep_gate = 0, 1", "write_gate, keep_gate = 1, 0"),
        ("        i, f, g, o = (x", "        f, i, g, o = (x"),
    ],
    f"{CELLS}/_gru.py": [
        ("x_n + r * h_n", "x_n + h_n"),
        ("(1 - z) * n + z * h", "z * n + (1 - z) * h"),
    ],
    f"{CELLS}/_rnn.py": [('"sigmoid": torch.sigmoid', '"sigmoid": torch.tanh')],
    f"{CELLS}/_coupled_lstm.py": [
        ("f * c + i * g", "i * c + f * g"),
        ("keep_bias = 1.0", "keep_bias = 0.0"),
    ],
    f"{CELLS}/_peephole_lstm.py": [
        ("o + p_o * c", "o + p_o * state[1]"),
        ("f + p_f * c", "f + p_i * c"),
    ],
    f"{CELLS}/_layer_norm_lstm.py": [
        ("torch.tanh(normalise(c, self.gain_c, self.bias_c))", "torch.tanh(c)"),
        (
            "normalise(F.linear(h, self.weight_hh), self.gain_hh, self.bias_hh)",
            "F.linear(h, self.weight_hh) * self.gain_hh + self.bias_hh",
        ),
    ],
    f"{CELLS}/_mgu.py": [
        ("F.linear(f * h, U_n)", "F.linear(h, U_n)"),
        ("(1 - f) * h + f * n", "f * h + (1 - f) * n"),
    ],
    f"{CELLS}/_indrnn.py": [
        ("self.weight_hh.clamp(-1, 1) * h", "self.weight_hh * h"),
        ("nn.init.uniform_(self.weight_hh)", "nn.init.zeros_(self.weight_hh)"),
    ],
    f"{CELLS}/_sru.py": [
        ("r * c + (1 - r) * x_s", "r * c + x_s"),
        ("x_r + v_r * c", "x_r + v_f * c"),
    ],
    f"{CELLS}/_qrnn.py": [
        ("torch.cat([x_before[None], x[:-1]])", "torch.cat([x[:1], x[:-1]])"),
        ("(h[-1], c[-1], x[-1])", "(h[-1], c[-1], x_before)"),
        ("d_later = f[t] * d_x[t]", "d_later = f[t] * grad[t]"),
        ("torch.cat([start[None], sums[:-1]])", "sums"),
    ],
    f"{CELLS}/_grid_lstm.py": [
        ("torch.tanh(torch.sigmoid(o) * m), m", "torch.sigmoid(o) * torch.tanh(m), m"),
        ('h if self.priority == "depth" else before', "before"),
        ("for gate in (1, 5):", "for gate in (1,):"),
    ],
    f"{CELLS}/_zoneout.py": [
        ("self.p * before + (1 - self.p) * after", "(1 - self.p) * before + self.p * after"),
        ("torch.where(keeps.bool(), before, after)", "torch.where(keeps.bool(), after, before)"),
        ("generator=current_generator()", "generator=None"),
    ],
    f"{CELLS}/_state_dropout.py": [
        ("(h * mask, *memory)", "(h, *memory)"),
        ("x.new_ones(x.shape[1], self.hidden_size)", "x.new_ones(1, self.hidden_size)"),
    ],
    "sklearn_rnn/modules/_chain.py": [
        ("best = scores[rows] + best", "best = scores[rows] * best"),
        ("(bests[rows][len(following) :] + end)", "bests[rows][len(following) :]"),
        ("prefix - shifts[rows, None]", "prefix"),
        ("(prefix[n_going_on:] + end).softmax(dim=1)", "prefix[n_going_on:].softmax(dim=1)"),
        ("given_next * later[:, None, :]", "given_next * later[:, :, None]"),
        ("pairs.sum(dim=2)", "pairs.sum(dim=1)"),
        ("grad[: len(pairs)], pairs", "grad[: len(pairs)] ** 0, pairs"),
        ("by_token[n_documents:], accumulate=True", "by_token[n_documents:]"),
        ("grad_scores[layout.last].sum", "grad_scores[-n_documents:].sum"),
    ],
    "sklearn_rnn/modules/_crf.py": [
        ("_allow(self.start, self.allowed_start)", "self.start"),
        ("_allow(self.end, self.allowed_end)", "self.end"),
        ("FORBIDDEN = -1e6", "FORBIDDEN = -10.0"),
    ],
    "sklearn_rnn/metrics/_spans.py": [
        ("(mode is None) != (scheme is None)", "mode is None and scheme is not None"),
        ("prefix in prefixes and bool(label)", "prefix in prefixes"),
    ],
    "sklearn_rnn/metrics/_items.py": [
        (
            "np.repeat(by_sentence, [len(tags) for tags in true])",
            "np.repeat(1.0, sum(map(len, true)))",
        ),
        ("else list(true))", "else ''.join(true))"),
        ("np.exp(-values.mean())", "np.exp(-np.mean([part.mean() for part in parts]))"),
    ],
    "sklearn_rnn/modules/_pooling.py": [
        (
            "            return TakeRows.apply(states, layout.last)",
            "            return states[-layout.n_documents :]",
        ),
        ("backward[: layout.n_documents]", "backward[layout.last]"),
        ("layout) / layout.lengths[:, None]", "layout) / layout.lengths.max()"),
        ("states[layout.by_document]", "states"),
        ("torch.tanh(self.projection(states))", "self.projection(states)"),
        ("(scores - largest[layout.documents]).exp()", "scores.exp()"),
        ("shares / document_sums(shares, layout)[layout.documents]", "shares / shares.sum(0)"),
        (
            " and self.training:\n            add_penalty(",
            ":\n            add_penalty(",
        ),
        (
            "document_sums(missed.square(), layout) / lengths",
            "document_sums(missed.square(), layout)",
        ),
        ("shares.mean(dim=1)", "shares[:, 0]"),
        ("(self.num_heads, -1))", "(-1, self.num_heads)).transpose(1, 2)"),
        (
            "[self.max(states, layout), self.mean(states, layout)]",
            "[self.mean(states, layout), self.max(states, layout)]",
        ),
    ],
    "sklearn_rnn/_training/optimizers.py": [
        ("lerp_(grad, 1 - beta1)", "lerp_(grad, beta1)"),
        ("mul_(beta2)", "mul_(beta1)"),
        ("value=1 - beta2)", "value=1)"),
        ("1 - beta2**step", "1 - beta2"),
        ("(1 - beta1**step)", "(1 - beta1)"),
        ('group["lr"] * group["weight_decay"]', 'group["weight_decay"]'),
        ('.add_(group["eps"])', ".add_(1e-8)"),
        (
            'state["exp_avg_sq"].index_copy_(0, rows, square)',
            'state["exp_avg_sq"].copy_(state["exp_avg_sq"])',
        ),
        ('alpha=-group["lr"]', 'alpha=group["lr"]'),
        (
            "torch.optim.AdamW.step)(self)",
            "lambda optimizer: torch.optim.AdamW.step(optimizer))(self)",
        ),
        ("torch.clamp(max_norm / (norm + 1e-6), max=1.0)", "max_norm / (norm + 1e-6)"),
        ("grads.append(parameter.grad._values())", "continue"),
    ],
    "sklearn_rnn/_training/schedules.py": [
        ("return 1 - step / n_steps", "return 1 - (step + 1) / n_steps"),
        ("cosine(step - peak, n_steps - peak)", "cosine(step, n_steps)"),
        ("1 - (1 - 1 / 25) * cosine", "1 - cosine"),
    ],
    "sklearn_rnn/_training/documents.py": [
        ("(self.weights / mean).astype(np.float32)", "self.weights.astype(np.float32)"),
        ("self.weights.mean() if mean_weight is None else mean_weight", "self.weights.mean()"),
        ('check_non_negative(weights, f"`{name}`")', "np.asarray(weights)"),
    ],
    "sklearn_rnn/_training/validation.py": [
        ("np.ceil(validation_fraction", "np.floor(validation_fraction"),
        ("if n_valid >= n_documents:", "if n_valid > n_documents:"),
        ("counts.min() >= 2 and", ""),
        ("stratify=strata if enough else None", "stratify=None"),
        ("np.append(train, moved)", "train"),
        ("valid[~np.isin(valid, moved)]", "valid"),
        ("np.unique(strata[unseen], return_index=True)[1]", "np.arange(len(unseen))"),
        ("test_size=n_valid, random_state=seed)", "test_size=n_valid, random_state=0)"),
        ("{} if (weights == 1).all() else", "{} if weights.all() else"),
        ("outputs if asked is X else compute(asked)", "compute(asked)[::-1]"),
    ],
}

# Which tests are likely to find a fault, by the start of the name of the faulty file.
TESTS = {
    "sklearn_rnn/modules/_inference": "inference predict",
    "sklearn_rnn/_training/batches": "batches net",
    "sklearn_rnn/_training/shards": "shards net",
    "sklearn_rnn/_text/sequences": "sequences vectorizer",
    "sklearn_rnn/_training/net": "net sample_weight precision interrupt",
    f"{VECTORS}/ngrams": "vector_ngrams",
    f"{VECTORS}/fasttext": "vector_ngrams vector_files",
    f"{VECTORS}/word_forms": "word_forms word_vectors",
    f"{VECTORS}/cooccurrence": "cooccurrence",
    f"{VECTORS}/": "vector_files",
    f"{CELLS}/_grid": "grid_lstm recurrent",
    f"{CELLS}/": "cells cell_options own_cell",
    f"{LANGUAGE}/sampling": "sampling generation",
    f"{LANGUAGE}/beam": "beam",
    f"{LANGUAGE}/continuation": "writers generation beam",
    f"{LANGUAGE}/network_reader": "language_generation",
    f"{LANGUAGE}/": "generation beam",
    "sklearn_rnn/metrics/": "metrics",
    "sklearn_rnn/modules/_chain": "crf",
    "sklearn_rnn/modules/_crf": "crf",
    "sklearn_rnn/modules/_pooling": "pooling",
    "sklearn_rnn/_training/optimizers": "optimizers",
    "sklearn_rnn/_training/predict": "predict",
    "sklearn_rnn/_training/schedules": "schedules",
    "sklearn_rnn/_training/documents": "bad_input validation sample_weight classifier",
    "sklearn_rnn/_training/validation": "bad_input validation sample_weight classifier",
}


_SECONDS = count(10**9)
SLOW_IMPORTS = "hypothesis pandas pytest scipy.stats skorch sklearn.model_selection torch".split()


def main(argv):
    parser = argparse.ArgumentParser(prog="python -m benchmarks mutants", description=__doc__)
    parser.add_argument("--tree", type=Path, default=ROOT, help="the checkout, by default this one")
    parser.add_argument("--only", default="", help="a part of the names of files to make faulty")
    parser.add_argument(
        "--moved",
        action="append",
        default=[],
        metavar="PATH=PATH",
        help="where the other checkout has a file",
    )
    parser.add_argument(
        "--likely", action="store_true", help="run the tests of the faulty file alone"
    )
    parser.add_argument("--jobs", type=int, default=2, help="faults tried at the same time")
    parser.add_argument("--timeout", type=float, default=1800, help="seconds for a run of tests")
    args = parser.parse_args(argv)
    os.environ["OMP_NUM_THREADS"] = "1"
    moved = dict(pair.split("=") for pair in args.moved)
    faults = [(file, *fault) for file in FAULTS if args.only in file for fault in FAULTS[file]]
    with TemporaryDirectory() as folder, ThreadPoolExecutor(args.jobs) as executor:
        copies = SimpleQueue()
        for job in range(args.jobs):
            copies.put(copy_checkout(args.tree, Path(folder) / str(job)))

        def attempt(fault):
            copy = copies.get()
            try:
                return find_fault(copy, *fault, moved, args)
            finally:
                copies.put(copy)

        survivors = []
        for (file, old, new), finder in zip(faults, executor.map(attempt, faults), strict=True):
            print(f"{file}: {old} -> {new}\n    {finder or 'SURVIVED'}", flush=True)
            if finder is None or finder == GONE:
                survivors.append(f"{file}: {old} -> {new}")
    print(f"{len(faults) - len(survivors)} of {len(faults)} faults were found. Not found:")
    print(*survivors, sep="\n")
    sys.exit(bool(survivors))


GONE = "the fragment does not stand in the file once"


def copy_checkout(tree, place):
    ignored = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache", "_build")
    return shutil.copytree(tree, place, ignore=ignored)


def find_fault(copy, file, old, new, moved, args):
    """Return the first test that fails where `new` stands in place of `old`, None if none does."""
    path = copy / moved.get(file, file)
    source = path.read_text(encoding="utf-8")
    if source.count(old) != 1:
        return GONE
    names = next(names for start, names in TESTS.items() if file.startswith(start))
    runs = [[moved.get(test, test)] for test in (f"tests/test_{name}.py" for name in names.split())]
    if not args.likely:
        runs.append([])
    write(path, source.replace(old, new))
    try:
        return next(filter(None, (run_tests(copy, files, args.timeout) for files in runs)), None)
    finally:
        write(path, source)


def write(path, source):
    path.write_text(source, encoding="utf-8")
    # Of a file that changes twice in a second, Python would take the old bytecode.
    os.utime(path, times=(next(_SECONDS),) * 2)


def run_tests(copy, files, timeout):
    """Return the first test that fails, None if all pass."""
    # Each run is a fork of a process that has imported what is slow to import, and not the package.
    context = get_context("forkserver")
    context.set_forkserver_preload(SLOW_IMPORTS)
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=run_pytest, args=(copy, files, sender))
    process.start()
    sender.close()
    try:
        return receiver.recv() if receiver.poll(timeout) else "no end"
    except EOFError:
        return "a crash"
    finally:
        process.kill()
        process.join()


def run_pytest(copy, files, sender):
    """Send the name of the first test that fails, or None."""
    import pytest

    os.chdir(copy)
    sys.path.insert(0, str(copy))
    os.environ["PYTHONPATH"] = str(copy)  # for processes that tests start
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    first = FirstFailure()
    status = pytest.main(["-x", "-q", "-p", "no:cacheprovider", *files], plugins=[first])
    sender.send(first.name or (None if status == 0 else f"pytest ended with {status}"))


class FirstFailure:
    """A plugin of pytest."""

    name = None

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.name = self.name or report.nodeid

    pytest_collectreport = pytest_runtest_logreport
