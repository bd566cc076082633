"""Small versions of the Grid LSTM paper's tasks: addition over depth and time, parity over depth.

Writes grid_lstm.md. In the first task a network reads two numbers digit by digit and then writes
their sum; a Grid LSTM, tied and not, is compared with two stacks of LSTM layers, one with as many
units and one with about as many weights. In the second task a network gets all bits at once and
tells whether the number of ones is odd; an LSTM along the depth is compared with feed-forward
networks. All examples are newly drawn, so that none can be memorised. A run ends when a check
reaches 99 % or after a given number of steps.
"""

import argparse
from functools import partial
from pathlib import Path
from statistics import mean
from time import perf_counter

import torch
from torch import nn
from torch.nn import functional as F

from sklearn_rnn.modules import DepthLSTM, GridLSTM, LSTMCell, PackedLayout, RecurrentStack

BATCH_SIZE = 64
CHECK_SIZE = 500
CHECK_EVERY = 250
LR = 3e-3
PLUS, BLANK = 10, 11


def main(argv):
    parser = argparse.ArgumentParser(prog="python -m benchmarks grid_lstm", description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--digits", type=int, default=2)
    parser.add_argument("--layers", nargs="+", type=int, default=[4, 8])
    parser.add_argument("--bits", nargs="+", type=int, default=[6, 8])
    parser.add_argument("--hidden-size", type=int, default=48)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--tasks", nargs="+", choices=("addition", "parity"), default=None)
    parser.add_argument("--output", default="docs/benchmarks")
    args = parser.parse_args(argv)
    tasks = args.tasks or ["addition", "parity"]
    rows = []
    if "addition" in tasks:
        for n_layers in args.layers:
            for name, make in adders(args.hidden_size, n_layers).items():
                task = f"sum of {args.digits}-digit numbers, {n_layers} layers"
                rows.append(compare(task, name, make, partial(sums, args.digits), args))
    if "parity" in tasks:
        for n_bits in args.bits:
            for name, make in parity_networks(n_bits, args.hidden_size, n_layers=n_bits).items():
                task = f"parity of {n_bits} bits, {n_bits} layers"
                rows.append(compare(task, name, make, partial(parities, n_bits), args))
    folder = Path(args.output)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "grid_lstm.md").write_text(make_report(rows, args), encoding="utf-8")


def sums(n_digits, n_examples):
    """Return the problems 12+34___ and what is to be written over the last places, step first."""
    a, b = torch.randint(10, (2, n_examples, n_digits))
    places = 10 ** torch.arange(n_digits - 1, -1, -1)
    total = (a * places).sum(1) + (b * places).sum(1)
    answer = torch.stack([total // 10**k % 10 for k in range(n_digits, -1, -1)])
    plus = torch.full((n_examples, 1), PLUS)
    blanks = torch.full((n_examples, n_digits + 1), BLANK)
    return torch.cat([a, plus, b, blanks], dim=1).T.contiguous(), answer


def parities(n_bits, n_examples):
    """Return bits as -1 and 1, and whether the number of ones is odd, as one place of an answer."""
    bits = torch.randint(2, (n_examples, n_bits))
    return 2.0 * bits - 1, bits.sum(1)[None] % 2


class Adder(nn.Module):
    """Tokens step first, to outputs at the last places."""

    def __init__(self, encoder, hidden_size):
        super().__init__()
        self.embedding = nn.Embedding(12, hidden_size)
        self.encoder = encoder
        self.head = nn.Linear(encoder.output_size, 10)

    def forward(self, tokens):
        n_steps, n_examples = tokens.shape
        layout = PackedLayout(torch.full((n_steps,), n_examples))
        states = self.encoder(self.embedding(tokens.flatten()), layout).unflatten(0, tokens.shape)
        return self.head(states[-((n_steps - 2) // 3 + 1) :])


class FeedForward(nn.Module):
    """Layers of one activation, as deep as the LSTM along the depth."""

    def __init__(self, input_size, hidden_size, n_layers, activation):
        super().__init__()
        sizes = [input_size, *[hidden_size] * (n_layers + 1)]
        self.layers = nn.ModuleList(map(nn.Linear, sizes[:-1], sizes[1:]))
        self.activation = activation
        self.output_size = hidden_size

    def forward(self, x):
        for layer in self.layers:
            x = self.activation(layer(x))
        return x


class Classify(nn.Module):
    """A network of vectors with two outputs, for an answer of one place."""

    def __init__(self, network):
        super().__init__()
        self.network = network
        self.head = nn.Linear(network.output_size, 2)

    def forward(self, x):
        return self.head(self.network(x))[None]


def adders(size, n_layers):
    """Return what makes each network of the first task."""

    def stack(hidden_size):
        return Adder(RecurrentStack(LSTMCell, size, hidden_size, num_layers=n_layers), size)

    def grid(tied):
        return Adder(GridLSTM(size, size, num_layers=n_layers, tied=tied), size)

    return {
        "stacked LSTM": partial(stack, size),
        "stacked LSTM, 1.41 times the units": partial(stack, round(2**0.5 * size)),
        "Grid LSTM": partial(grid, False),
        "tied Grid LSTM": partial(grid, True),
    }


def parity_networks(n_bits, size, n_layers):
    """Return what makes each network of the second task, with about as many weights."""

    def depth_lstm(tied):
        return Classify(DepthLSTM(n_bits, size, num_layers=n_layers, tied=tied))

    def feed_forward(activation):
        return Classify(FeedForward(n_bits, 2 * size, n_layers, activation))

    return {
        "tanh network": partial(feed_forward, torch.tanh),
        "relu network": partial(feed_forward, torch.relu),
        "depth LSTM": partial(depth_lstm, False),
        "tied depth LSTM": partial(depth_lstm, True),
    }


def compare(task, name, make, draw, args):
    """Train a network from several seeds, and return the row of the table."""
    runs = [train(make, draw, seed, args.steps) for seed in range(args.seeds)]
    row = {"task": task, "network": name, "runs": runs}
    print(task, "|", name, "|", runs, flush=True)
    return row


def train(make, draw, seed, n_steps):
    """Return what a network of one seed reached."""
    torch.manual_seed(seed)
    network = make()
    optimizer = torch.optim.Adam(network.parameters(), lr=LR)
    start = perf_counter()
    for step in range(1, n_steps + 1):
        x, answer = draw(BATCH_SIZE)
        loss = F.cross_entropy(network(x).flatten(0, 1), answer.flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        if step % CHECK_EVERY == 0 or step == n_steps:
            accuracy = check(network, draw)
            if accuracy >= 0.99:
                break
    return {
        "accuracy": accuracy,
        "steps": step,
        "seconds": round(perf_counter() - start, 1),
        "weights": sum(weight.numel() for weight in network.parameters()),
    }


@torch.no_grad()
def check(network, draw):
    """Return the share of new examples whose answer is right in all places."""
    x, answer = draw(CHECK_SIZE)
    return (network(x).argmax(-1) == answer).all(0).double().mean().item()


def make_report(rows, args):
    lines = [
        "# Grid LSTM\n",
        f"Units: {args.hidden_size}, or {2 * args.hidden_size} in feed-forward networks. Training "
        f"uses Adam with a learning rate of {LR} on batches of {BATCH_SIZE} new examples, for at "
        f"most {args.steps} steps, with {args.seeds} seeds. A run ends early at 99 % accuracy, "
        f"checked every {CHECK_EVERY} steps. Accuracy is the share of {CHECK_SIZE} new examples "
        "whose whole answer is right; the table lists it for each seed. "
        "`python -m benchmarks grid_lstm` generates this page.\n",
        "| task | network | weights | accuracy | mean steps | mean s |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        runs = row["runs"]
        accuracies = ", ".join(f"{run['accuracy']:.3f}" for run in runs)
        steps, seconds = (mean(run[key] for run in runs) for key in ("steps", "seconds"))
        lines.append(
            f"| {row['task']} | {row['network']} | {runs[0]['weights']:,} | {accuracies} | "
            f"{steps:,.0f} | {seconds:.0f} |"
        )
    return "\n".join(lines) + "\n"
