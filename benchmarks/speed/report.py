"""The results as Markdown tables."""

from itertools import product
from statistics import median

from benchmarks.speed.registry import LINEAR, OURS, OURS_BY_TORCH, PEERS
from benchmarks.turns import show

INTRODUCTION = """\
# Speed compared with other libraries

The column `seconds` is our time for one epoch. The columns `/ name` give our time divided by that \
library's: 0.5 means ours is twice as fast. Every contestant trains the same network on the same \
token ids, with the same batch size and learning rate and no regularisation, in a separate process \
and with its library's own choice of threads. Denormal numbers are flushed to zero for all \
contestants on torch, as ours always does; otherwise the others take up to twice as long on long \
documents. They take turns, one epoch each, with a different one first in each round. Ratios are \
computed within a round; the table shows the median over the rounds, with [smallest..largest]. \
`python -m benchmarks speed` generates this page.
"""


def pair_ratios(ours, other):
    """Return ours divided by another, round by round."""
    return [a / b for a, b in zip(ours, other, strict=True)]


def make_report(results):
    """Return the page."""
    rows = results["rows"]
    sections = [
        INTRODUCTION,
        _machine(results),
        "## Contestants\n",
        _contestants(rows),
        "## Training: seconds per epoch, and ratios\n",
        _ratio_table(rows, "seconds"),
        "An empty cell was not measured.\n",
        "## Start-up: seconds that training takes only once\n",
        _start_up(rows),
        f"## Accuracy on held-out documents after {1 + results['settings']['rounds']} epochs\n",
        _table(rows, lambda found: f"{found['accuracy']:.3f}"),
        "With one seed and few epochs, differences of a few hundredths are chance.\n",
        "## Peak memory of the process, MiB\n",
        _table(rows, lambda found: f"{found['memory']:.0f}" if found["memory"] else ""),
        "This includes the library. If TensorFlow is installed, Keras loads it even on PyTorch.\n",
    ]
    predicted = {key: row for key, row in rows.items() if row["n_predicted"]}
    if predicted:
        sections += [
            "## Prediction: seconds to predict probabilities for all documents, and ratios\n",
            _ratio_table(predicted, "predict"),
        ]
    if results["linear"]:
        sections += [
            "## Linear models of words, for orientation\n",
            _linear(results["linear"]),
            "These are fitted on the raw texts of the same documents, without cutting them.\n",
        ]
    sections += ["## Corpora\n", _corpora(results["corpora"]), _left_out(results)]
    return "\n".join(section for section in sections if section)


def _machine(results):
    machine, settings = results["machine"], results["settings"]
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    return (
        f"Measured on {machine['cpu']}, {machine['cores']} cores; Python {machine['python']}, "
        f"{versions}. All contestants train on {settings['documents']:,} documents, cut after "
        f"{settings['max_tokens']:,} tokens, with embeddings of size {settings['embedding_dim']}, "
        f"{settings['hidden_size']} units, batches of {settings['batch_size']} and Adam at "
        f"{settings['lr']}, for {settings['rounds']} rounds after one warm-up.\n"
    )


def _contestants(rows):
    texts = {
        "ours": OURS.text,
        "kernels=False": OURS_BY_TORCH.text,
        **{name: PEERS[name].text for name in _peers(rows)},
    }
    return "".join(f"- **{name}**: {text}.\n" for name, text in texts.items())


def _peers(rows):
    present = {name for row in rows.values() for name in row["measured"]}
    return [name for name in PEERS if name in present]


def _key_cells(row):
    return [row["corpus"], row["cell"], row["direction"], str(row["layers"])]


OURS_BOTH = ["ours", "kernels=False"]
KEY_NAMES = ["corpus", "cell", "direction", "layers"]


def _ratio_table(rows, what):
    peers = _peers(rows)
    names = [*KEY_NAMES, *(["documents"] if what == "predict" else []), "contestant", "seconds"]
    lines = _header(names + [f"/ {peer}" for peer in peers])
    for row, contestant in product(rows.values(), OURS_BOTH):
        measured = row["measured"]
        if contestant not in measured:
            continue
        cells = _key_cells(row)
        if what == "predict":
            cells.append(f"{row['n_predicted']:,}")
        ours = measured[contestant][what]
        cells += [contestant, f"{median(ours):.2f}"]
        for peer in peers:
            if peer not in measured:
                cells.append("")
                continue
            ratios = pair_ratios(ours, measured[peer][what])
            cells.append(show(ratios))
        lines.append(_line(cells))
    return "\n".join(lines) + "\n"


def _table(rows, make_cell):
    names = [*OURS_BOTH, *_peers(rows)]
    lines = _header(KEY_NAMES + names)
    for row in rows.values():
        measured = row["measured"]
        cells = [make_cell(measured[name]) if name in measured else "" for name in names]
        lines.append(_line(_key_cells(row) + cells))
    return "\n".join(lines) + "\n"


def _start_up(rows):
    lines = _header(["contestant", "median", "smallest", "largest"])
    for name in [*OURS_BOTH, *_peers(rows)]:
        found = [row["measured"][name] for row in rows.values() if name in row["measured"]]
        seconds = [
            one["outside"] + max(0, one["warm_up"] - median(one["seconds"])) for one in found
        ]
        figures = (f"{figure(seconds):.2f}" for figure in (median, min, max))
        lines.append(_line([name, *figures]))
    return (
        "\n".join(lines) + "\n\nMeasured in a fresh process, not counting the import of the "
        "library. Start-up covers checking the data, building the network, wrapping up and loading "
        "what is first needed then, plus the extra time of the first epoch.\n"
    )


def _linear(linear):
    lines = _header(["corpus", "model", "seconds to fit", "accuracy"])
    for corpus, models in linear.items():
        for name, found in models.items():
            seconds, accuracy = median(found["seconds"]), found["accuracy"]
            lines.append(_line([corpus, LINEAR[name].text, f"{seconds:.2f}", f"{accuracy:.3f}"]))
    return "\n".join(lines) + "\n"


def _corpora(corpora):
    lines = _header(["corpus", *next(iter(corpora.values()))])
    for name, found in corpora.items():
        cells = (f"{value:,}" if isinstance(value, int) else str(value) for value in found.values())
        lines.append(_line([name, *cells]))
    return (
        "\n".join(lines) + "\n\nnews: posts to newsgroups. reviews: texts of real reviews; those "
        "of one class are joined until they are as long as film reviews. tweets: short messages. "
        "Epochs start from token ids; the last column shows how long `SequenceVectorizer` takes to "
        "make these for the training documents.\n"
    )


def _left_out(results):
    reasons = {}
    for row in [*results["rows"].values()]:
        for name, reason in row["left_out"].items():
            reasons.setdefault(f"{name}: {reason}", []).append(" ".join(_key_cells(row)).strip())
    for name, reason in results["linear_left_out"].items():
        reasons[f"{name}: {reason}"] = ["linear models"]
    if not reasons:
        return ""
    lines = [f"- {reason} ({', '.join(where)})\n" for reason, where in reasons.items()]
    return "## Left out\n\n" + "".join(lines)


def _header(names):
    return [_line(names), "| --- " * len(names) + "|"]


def _line(cells):
    return "| " + " | ".join(cells) + " |"
