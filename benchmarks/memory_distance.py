"""How far back each cell remembers: three tasks of Hochreiter and Schmidhuber (1997).

Writes memory_distance.md, .json and .svg. A later run replaces what it measures and keeps the rest,
so you can measure long distances for some cells only. In the adding problem two of many numbers
are marked, and the answer is their sum. In the copy task a few symbols at the beginning have to be
repeated at the end. In temporal order two symbols among many others come in one of four orders. The
figure is the remaining error: the mean squared error relative to always answering the mean, or the
error rate relative to chance. 0 means solved, 1 means nothing learned. All examples are newly
drawn, and a run ends early once the remaining error is below 0.02.
"""

import argparse
import json
from functools import partial
from math import isnan
from pathlib import Path
from statistics import mean

import torch
from torch import nn
from torch.nn import functional as F

from sklearn_rnn.modules import GridLSTM, PackedLayout, RecurrentStack
from sklearn_rnn.modules._make_cell import make_cell
from sklearn_rnn.modules.cells import CELLS

# Cells that do not start from their defaults.
VARIANTS = {
    "irnn": {"cell": "rnn", "activation": "relu", "recurrent_init": "identity"},
    "lstm, chrono": {"cell": "lstm", "forget_bias": "chrono"},
}
CHECK_SIZE = 500
CHECK_EVERY = 100
SOLVED = 0.02
N_COPIED, N_SYMBOLS = 3, 4


def main(argv):
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks memory_distance", description=__doc__
    )
    names = [*CELLS, *VARIANTS, "grid_lstm"]
    parser.add_argument("--cells", nargs="+", choices=names, default=names)
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--lengths", nargs="+", type=int, default=[50, 100])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--hidden-size", type=int, default=32)
    parser.add_argument("--layers", type=int, default=1)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--lr", type=float, default=3e-3)
    parser.add_argument("--output", default="docs/benchmarks")
    args = parser.parse_args(argv)
    folder = Path(args.output)
    folder.mkdir(parents=True, exist_ok=True)
    results = load_results(folder / "memory_distance.json", args)
    for task in args.tasks:
        for cell in args.cells:
            for length in args.lengths:
                runs = [train(cell, TASKS[task], length, seed, args) for seed in range(args.seeds)]
                left, steps = map(mean, zip(*runs, strict=True))
                by_length = results["tasks"].setdefault(task, {}).setdefault(cell, {})
                by_length[str(length)] = left, steps
                print(task, cell, length, f"{left:.3f}", steps, flush=True)
    text = json.dumps(results, indent=1) + "\n"
    (folder / "memory_distance.json").write_text(text, encoding="utf-8")
    (folder / "memory_distance.md").write_text(make_report(results), encoding="utf-8")
    plot(results["tasks"], folder / "memory_distance.svg")


def load_results(path, args):
    """Return the results so far, which must come from the same settings."""
    names = ["seeds", "steps", "hidden_size", "layers", "batch_size", "lr"]
    settings = {name: getattr(args, name) for name in names}
    if not path.exists():
        return {"settings": settings, "tasks": {}}
    results = json.loads(path.read_text(encoding="utf-8"))
    if results["settings"] != settings:
        raise SystemExit(f"{path} has other settings. Remove it, or choose another --output.")
    return results


class Adding:
    """Numbers between 0 and 1; one of the first tenth and one of the first half are marked."""

    n_inputs, n_outputs, n_places = 2, 1, 1

    def draw(self, length, n_examples):
        values, marks = torch.rand(length, n_examples), torch.zeros(length, n_examples)
        first = torch.randint(max(length // 10, 1), (n_examples,))
        second = first + 1 + torch.randint(max(length // 2 - 1, 1), (n_examples,))
        columns = torch.arange(n_examples)
        marks[first, columns] = marks[second, columns] = 1
        answer = values[first, columns] + values[second, columns]
        return torch.stack([values, marks], dim=-1), answer[None]

    def loss(self, outputs, answer):
        return F.mse_loss(outputs[..., 0], answer)

    def error(self, outputs, answer):
        return (self.loss(outputs, answer) / answer.var(correction=0)).item()


class Choice:
    """Tasks whose answers are symbols."""

    def loss(self, outputs, answer):
        return F.cross_entropy(outputs.flatten(0, 1), answer.flatten())

    def error(self, outputs, answer):
        rate = (outputs.argmax(-1) != answer).double().mean().item()
        return rate / (1 - 1 / self.n_outputs)


class Copy(Choice):
    """Some symbols, blanks, and a sign for each symbol that is to be written."""

    n_inputs, n_outputs, n_places = N_SYMBOLS + 2, N_SYMBOLS, N_COPIED

    def draw(self, length, n_examples):
        symbols = torch.randint(N_SYMBOLS, (N_COPIED, n_examples))
        tokens = torch.full((length + 2 * N_COPIED, n_examples), N_SYMBOLS)
        tokens[:N_COPIED] = symbols
        tokens[-N_COPIED:] = N_SYMBOLS + 1
        return F.one_hot(tokens, self.n_inputs).float(), symbols


class TemporalOrder(Choice):
    """X or Y at two places among distractors: which of XX, XY, YX and YY is it?"""

    n_inputs, n_outputs, n_places = N_SYMBOLS + 2, 4, 1

    def draw(self, length, n_examples):
        tokens = torch.randint(N_SYMBOLS, (length, n_examples))
        tenth = max(length // 10, 1)
        columns = torch.arange(n_examples)
        kinds = torch.randint(2, (2, n_examples))
        for kind, start in zip(kinds, (tenth, length // 2), strict=True):
            tokens[start + torch.randint(tenth, (n_examples,)), columns] = N_SYMBOLS + kind
        return F.one_hot(tokens, self.n_inputs).float(), (2 * kinds[0] + kinds[1])[None]


TASKS = {"adding": Adding(), "copy": Copy(), "temporal order": TemporalOrder()}


class Reader(nn.Module):
    """A stack and a linear layer on its last states."""

    def __init__(self, encoder, task):
        super().__init__()
        self.encoder = encoder
        self.head = nn.Linear(encoder.output_size, task.n_outputs)
        self.n_places = task.n_places

    def forward(self, x):
        n_steps, n_examples, _ = x.shape
        layout = PackedLayout(torch.full((n_steps,), n_examples))
        states = self.encoder(x.flatten(0, 1), layout).unflatten(0, (n_steps, n_examples))
        return self.head(states[-self.n_places :])


def make_encoder(cell, n_inputs, length, args):
    if cell == "grid_lstm":
        return GridLSTM(n_inputs, args.hidden_size, num_layers=args.layers)
    make = partial(make_cell, max_length=length, **VARIANTS.get(cell, {"cell": cell}))
    return RecurrentStack(make, n_inputs, args.hidden_size, num_layers=args.layers)


def train(cell, task, length, seed, args):
    """Return the remaining error on new examples, and the number of steps taken."""
    torch.manual_seed(seed)
    network = Reader(make_encoder(cell, task.n_inputs, length, args), task)
    optimizer = torch.optim.Adam(network.parameters(), lr=args.lr)
    for step in range(1, args.steps + 1):
        x, answer = task.draw(length, args.batch_size)
        optimizer.zero_grad()
        task.loss(network(x), answer).backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        if step % CHECK_EVERY == 0 or step == args.steps:
            left = check(network, task, length)
            if left < SOLVED:
                break
    return left, step


@torch.no_grad()
def check(network, task, length):
    """Return the remaining error on new examples."""
    x, answer = task.draw(length, CHECK_SIZE)
    return task.error(network(x), answer)


def make_report(results):
    settings = results["settings"]
    lines = [
        "# How far back each cell remembers\n",
        "Layers: {layers}, units: {hidden_size}. Training takes at most {steps} steps of Adam with "
        "a learning rate of {lr}, each on {batch_size} new examples, and fewer if the task is "
        "solved earlier; seeds: {seeds}. The figures are the remaining error: 0 is none, and 1 is "
        "no better than always answering the mean or guessing. If the task was solved, the number "
        "of steps follows in parentheses. `python -m benchmarks memory_distance` generates this "
        "page.\n".format(**settings),
        "![Remaining error, by cell and length](memory_distance.svg)\n",
    ]
    for task, by_cell in results["tasks"].items():
        lengths = list_lengths(by_cell)
        lines += [
            f"## {task.capitalize()}\n",
            f"| cell | {' | '.join(f'{length} steps' for length in lengths)} |",
            f"| --- |{' --- |' * len(lengths)}",
        ]
        for cell, by_length in by_cell.items():
            values = " | ".join(show(by_length.get(str(length))) for length in lengths)
            lines.append(f"| {cell} | {values} |")
        lines.append("")
    return "\n".join(lines)


def list_lengths(by_cell):
    return sorted({int(length) for by_length in by_cell.values() for length in by_length})


def show(result):
    """Return the remaining error, and the number of steps if they were enough."""
    if result is None:
        return ""
    left, steps = result
    if isnan(left):
        return "diverged"
    return f"{left:.2f} ({steps:.0f})" if left < SOLVED else f"{left:.2f}"


def plot(tasks, path):
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    n_cells = max(map(len, tasks.values()))
    fig, axes = plt.subplots(
        1,
        len(tasks),
        figsize=(3.4 * len(tasks), 1.2 + 0.32 * n_cells),
        layout="constrained",
        squeeze=False,
    )
    for ax, (task, by_cell) in zip(axes[0], tasks.items(), strict=True):
        lengths = list_lengths(by_cell)
        table = [
            [by_length.get(str(length), [float("nan")])[0] for length in lengths]
            for by_length in by_cell.values()
        ]
        image = ax.imshow(table, cmap="cividis_r", vmin=0, vmax=1, aspect="auto")
        ax.set(title=task, xlabel="steps")
        ax.set_xticks(range(len(lengths)), lengths)
        ax.set_yticks(range(len(by_cell)), by_cell if ax is axes[0, 0] else [])
        for row, values in enumerate(table):
            for column, value in enumerate(values):
                colour = "white" if value > 0.5 else "black"
                text = "" if isnan(value) else f"{value:.2f}"
                ax.text(column, row, text, ha="center", va="center", color=colour, fontsize=8)
    fig.colorbar(image, ax=axes[0, -1], label="remaining error")
    fig.savefig(path)
    plt.close(fig)
