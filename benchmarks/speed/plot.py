"""The ratios as bars."""

from statistics import median

from matplotlib import pyplot as plt
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from benchmarks.speed.registry import PEERS
from benchmarks.speed.report import pair_ratios

# Okabe and Ito's colours, which people with any kind of colour vision can tell apart.
COLOURS = dict(zip(PEERS, ["#0072B2", "#56B4E9", "#009E73", "#E69F00", "#D55E00"], strict=True))

BY_TORCH = {"marker": "o", "color": "black", "markersize": 3, "linestyle": "none"}


def plot_ratios(rows, path):
    """Draw a panel for each corpus, a group of bars for each network, a bar for each peer."""
    corpora = list(dict.fromkeys(row["corpus"] for row in rows.values()))
    peers = [name for name in PEERS if any(name in row["measured"] for row in rows.values())]
    groups = {
        corpus: [row for row in rows.values() if row["corpus"] == corpus] for corpus in corpora
    }
    n_rows = max(map(len, groups.values()))
    height = 1.7 + 0.17 * (len(peers) + 1) * n_rows
    with plt.rc_context({"svg.hashsalt": "speed", "font.size": 9}):
        figure, axes = plt.subplots(
            1, len(corpora), figsize=(2 + 4 * len(corpora), height), sharex=True, squeeze=False
        )
        for ax, (corpus, group) in zip(axes[0], groups.items(), strict=True):
            _plot_corpus(ax, corpus, group, peers, n_rows)
        handles = [Patch(color=COLOURS[peer], label=peer) for peer in peers]
        handles.append(Line2D([], [], **BY_TORCH, label="with kernels=False"))
        figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False)
        figure.set_layout_engine("constrained")
        # Without a date, the same results give the same file.
        figure.savefig(path, metadata={"Date": None})
        plt.close(figure)


def _plot_corpus(ax, corpus, rows, peers, n_rows):
    step = 0.8 / max(1, len(peers))
    for place, peer in enumerate(peers):
        found = [
            (index, pair_ratios(row["measured"]["ours"]["seconds"], other["seconds"]))
            for index, row in enumerate(rows)
            if (other := row["measured"].get(peer))
        ]
        positions = [index + (place - (len(peers) - 1) / 2) * step for index, _ in found]
        middles = [median(ratios) for _, ratios in found]
        errors = [
            [middle - min(ratios) for middle, (_, ratios) in zip(middles, found, strict=True)],
            [max(ratios) - middle for middle, (_, ratios) in zip(middles, found, strict=True)],
        ]
        # Bars begin at equal speed: to the left, ours takes less time.
        ax.barh(
            positions,
            [middle - 1 for middle in middles],
            left=1,
            height=step * 0.9,
            xerr=errors,
            error_kw={"elinewidth": 0.8},
            color=COLOURS[peer],
        )
        _plot_by_torch(ax, positions, [rows[index] for index, _ in found], peer)
    ax.axvline(1, color="black", linewidth=0.8)
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter("{0:g}".format))
    ax.set_yticks(
        range(len(rows)), [f"{row['cell']} {row['direction']} {row['layers']}" for row in rows]
    )
    # The first row on top, and rows as high as those of the other panels.
    ax.set_ylim(n_rows - 0.5, -0.5)
    ax.set_title(corpus)
    ax.set_xlabel("our seconds / theirs\n(left of 1: ours is faster)")
    ax.spines[["top", "right"]].set_visible(False)


def _plot_by_torch(ax, positions, rows, peer):
    """Mark the same ratio without kernels of our own by a dot."""
    found = [
        (median(pair_ratios(ours["seconds"], row["measured"][peer]["seconds"])), position)
        for position, row in zip(positions, rows, strict=True)
        if (ours := row["measured"].get("kernels=False"))
    ]
    ax.plot([ratio for ratio, _ in found], [position for _, position in found], **BY_TORCH)
