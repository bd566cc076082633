"""Short documents: an epoch next to a PyTorch loop, and where the time of one step goes.

Writes short.md and short.svg. The contestants take turns, each in a process of its own: a loop that
pads each batch, one that packs it, and `RNNTextClassifier` without and with its wide path, on one
thread and on all of them. Both loops train the embeddings, one LSTM and a linear layer on its last
state, with Adam. A second table splits a step of about 450 tokens.
"""

import argparse
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter, thread_time

import numpy as np

from benchmarks.epochs import BARE, make_documents, time_epochs
from benchmarks.speed.machine import describe_machine
from benchmarks.turns import in_turns, own_processes, show

N_IDS = 20_000
# Mean tokens of a document, documents, embedding_dim, hidden_size, batch_size.
CASES = (
    (14, 12_000, 100, 128, 64),
    (35, 6_000, 100, 128, 64),
    (14, 12_000, 64, 64, 32),
)
LOOPS = {"padded loop": False, "packed loop": True}
OURS = {
    "ours, 1 thread": {"wide_weight": 0, "n_jobs": 1},
    "ours": {"wide_weight": 0},
    "ours, wide path, 1 thread": {"wide_weight": "auto", "n_jobs": 1},
    "ours, wide path": {"wide_weight": "auto"},
}
STEP_TOKENS = 450


def main(argv):
    parser = argparse.ArgumentParser(prog="python -m benchmarks short", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--output", default="docs/benchmarks")
    args = parser.parse_args(argv)
    machine = describe_machine()
    lines = [
        "# Short documents\n",
        f"Measured on {machine['cpu']}, {machine['cores']} cores, torch "
        f"{machine['versions']['torch']}: seconds of an epoch, the median of {args.rounds} rounds "
        "with the smallest and largest in brackets, and in the next column the ratio to the padded "
        "loop. Lengths are log-normal, so the padded loop computes on padding too. The vocabulary "
        f"has {N_IDS:,} words, as frequent as in a text (Zipf). `python -m benchmarks short` "
        "generates this page.\n",
    ]
    ratios = {}
    for case in CASES:
        title = describe_case(*case)
        with own_processes([*LOOPS, *OURS]) as processes:
            measure = partial(time_in_process, processes, case)
            seconds, _ = in_turns(processes, measure, args.rounds)
        ratios[title] = {
            name: median(values) / median(seconds["padded loop"])
            for name, values in seconds.items()
        }
        lines += [f"## {title}\n", "| | epoch, s | / padded loop |", "| --- | --- | --- |"]
        lines += [
            f"| {name} | {show(values)} | {ratios[title][name]:.2f} |"
            for name, values in seconds.items()
        ]
        lines.append("")
        print("\n".join(lines[-len(seconds) - 4 :]), flush=True)
    lines += ["![Time of an epoch as a share of the padded loop's](short.svg)\n", *split_step()]
    folder = Path(args.output)
    folder.mkdir(parents=True, exist_ok=True)
    draw(ratios, folder / "short.svg")
    (folder / "short.md").write_text("\n".join(lines) + "\n")


def describe_case(length, n_documents, embedding_dim, hidden_size, batch_size):
    return (
        f"{n_documents:,} documents of {length} tokens, {embedding_dim} to {hidden_size} units, "
        f"batches of {batch_size}"
    )


def documents(length, n_documents):
    """Return documents whose lengths scatter about a mean."""
    rng = np.random.default_rng(0)
    lengths = rng.lognormal(np.log(length) - 0.125, 0.5, n_documents).round().clip(1)
    return make_documents(lengths.astype(int), N_IDS)


def time_in_process(processes, case, name):
    return processes[name].submit(time_epoch, name, *case).result()


def time_epoch(name, length, n_documents, embedding_dim, hidden_size, batch_size):
    """Return the seconds of the second epoch; the first warms up."""
    X, y = documents(length, n_documents)
    if name in LOOPS:
        return loop_epochs(X, y, embedding_dim, hidden_size, batch_size, packed=LOOPS[name])[-1]
    sizes = {"embedding_dim": embedding_dim, "hidden_size": hidden_size, "batch_size": batch_size}
    return time_epochs(X, y, 2, clip_grad_norm=1.0, **sizes, **OURS[name])[-1]


def loop_epochs(X, y, embedding_dim, hidden_size, batch_size, *, packed, n_epochs=2):
    """Return the seconds of each epoch of a loop as tutorials write it."""
    import torch
    from torch import nn
    from torch.nn.utils.rnn import pack_sequence, pad_sequence

    torch.manual_seed(0)
    embedding = nn.Embedding(N_IDS + 2, embedding_dim, padding_idx=0)
    lstm, head = nn.LSTM(embedding_dim, hidden_size, batch_first=True), nn.Linear(hidden_size, 2)
    optimizer = torch.optim.Adam([*embedding.parameters(), *lstm.parameters(), *head.parameters()])
    loss_of = nn.CrossEntropyLoss()
    texts = [torch.from_numpy(text) for text in np.split(X.data.astype(np.int64), X.indptr[1:-1])]
    labels, seconds = torch.from_numpy(y), []
    for _ in range(n_epochs):
        start = perf_counter()
        for rows in torch.randperm(len(texts)).split(batch_size):
            batch = [texts[row] for row in rows.tolist()]
            if packed:
                ids = pack_sequence(batch, enforce_sorted=False)
                _, (states, _) = lstm(ids._replace(data=embedding(ids.data)))
                states = states[0]
            else:
                states, _ = lstm(embedding(pad_sequence(batch, batch_first=True)))
                ends = torch.tensor([len(text) - 1 for text in batch])
                states = states[torch.arange(len(batch)), ends]
            optimizer.zero_grad()
            loss_of(head(states), labels[rows]).backward()
            optimizer.step()
        seconds.append(perf_counter() - start)
    return seconds


def split_step(n_steps=300):
    """Return a table of where the time of a step goes, in processor time of one thread."""
    import torch

    from sklearn_rnn._training.process_state import training_modes

    net, batch, n_tokens = net_and_batch()
    with training_modes(1, torch.device("cpu")):
        net.notify("on_train_begin", X=(None, None), y=None)
        net.notify("on_epoch_begin", dataset_train=None, dataset_valid=None)
        loop = partial(net.run_single_epoch, training=True, prefix="train", step_fn=net.train_step)
        whole = thread_seconds(lambda: loop([batch]), n_steps)
        single = thread_seconds(lambda: net.train_step_single(batch), n_steps)
        layer = thread_seconds(recurrent_layer(net.module_, batch[0].parts[0]), n_steps)
    rows = {
        "the whole step": whole,
        "arithmetic: the recurrent layer, both ways": layer,
        "Python and torch: the rest of the network, the loss, the gradients": single - layer,
        "skorch: its loop and callbacks, clipping, the optimizer": whole - single,
    }
    return [
        f"## A step of {n_tokens} tokens, 64 to 64 units\n",
        f"Processor time of one thread, medians of {n_steps} steps on the same batch, without the "
        "wide path.\n",
        "| what | ms |",
        "| --- | --- |",
        *(f"| {what} | {1e3 * seconds:.2f} |" for what, seconds in rows.items()),
    ]


def net_and_batch():
    """Return a trained net, a batch for it, and the batch's number of tokens."""
    from sklearn_rnn import RNNTextClassifier
    from sklearn_rnn._training.batches import SequenceDataset

    X, y = documents(14, 3_000)
    sizes = {"embedding_dim": 64, "hidden_size": 64, "batch_size": 32, "max_epochs": 1}
    net = RNNTextClassifier(**{**BARE, **sizes, "clip_grad_norm": 1.0, "n_jobs": 1}).fit(X, y).net_
    data = SequenceDataset(X, y)
    n_documents = int(np.searchsorted(np.cumsum(data.lengths), STEP_TOKENS)) + 1
    rows = np.argsort(-data.lengths[:n_documents], kind="stable")
    return net, data.batch(rows), int(data.lengths[rows].sum())


def recurrent_layer(module, ids):
    """Return a function that computes the layer's states for a batch, and its gradients."""
    import torch

    from sklearn_rnn.modules import PackedLayout

    layout = PackedLayout(ids.batch_sizes)
    x = module.embedding(ids.data, unique=True)
    x = x._replace(rows=x.rows.detach().requires_grad_())
    wanted = [x.rows, *module.encoder.parameters()]
    grad = torch.ones(len(ids.data), module.encoder.output_size)
    return lambda: torch.autograd.grad(module.encoder(x, layout), wanted, grad)


def thread_seconds(function, n_times):
    """Return the median of the processor time that a call takes in this thread."""
    seconds = []
    for _ in range(n_times):
        start = thread_time()
        function()
        seconds.append(thread_time() - start)
    return median(seconds)


def draw(ratios, path):
    """Draw each contestant's share of the padded loop's time, one group of bars for each case."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot as plt

    names = [name for name in next(iter(ratios.values())) if name != "padded loop"]
    fig, ax = plt.subplots(figsize=(8, 3.5), layout="constrained")
    places = np.arange(len(ratios))
    for i, name in enumerate(names):
        values = [by_name[name] for by_name in ratios.values()]
        ax.bar(places + 0.8 * (i / len(names) - 0.5), values, 0.8 / len(names), label=name)
    ax.axhline(1, color="black", linewidth=0.8)
    ax.set_xticks(places, [title.replace(", batches", ",\nbatches") for title in ratios])
    ax.tick_params(axis="x", labelsize=7)
    ax.set_ylabel("time of an epoch / padded loop")
    ax.legend(fontsize=7)
    fig.savefig(path)
    plt.close(fig)
