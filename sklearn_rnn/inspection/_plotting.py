"""What the displays share: axes, words along them, colours. Matplotlib is imported late."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sklearn_rnn._sklearn_compat import check_matplotlib_support

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

# Okabe and Ito's colours, which people with any colour vision can tell apart; the yellow, hard to
# see on white, is left out.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")

# Inches that a tick label takes along the axis.
_INCHES_A_WORD = 0.16
_LONGEST_WORD = 18


def get_axes(
    ax: Axes | None, caller: str, *, width: float = 6.4, height: float = 4.0
) -> tuple[Axes, Figure | SubFigure]:
    """Return the axes to draw on, and their figure; None means new ones.

    Parameters
    ----------
    ax : matplotlib Axes or None
        What the user gave.
    caller : str
        Who draws, for the message if matplotlib is missing.
    width, height : float
        Inches of a new figure.
    """
    check_matplotlib_support(caller)
    import matplotlib.pyplot as plt

    if ax is None:
        _, ax = plt.subplots(figsize=(width, height), layout="constrained")
    return ax, ax.figure


def width_for(n_words: int) -> float:
    """Return the width in inches of a figure for this many words side by side, within reason."""
    return float(np.clip(2.4 + 0.2 * n_words, 6.4, 15))


def label_words(ax: Axes, words: list[str]) -> None:
    """Write words along the x axis, leaving some out if there is no room for all.

    Parameters
    ----------
    ax : matplotlib Axes
        Its x coordinates 0, 1, ... are the words.
    words : list of str
        The words.
    """
    figure = ax.figure.figure  # the whole one, where the axes are in a subfigure
    figure.draw_without_rendering()  # the layout decides how much room there is
    inches = ax.get_window_extent().width / figure.dpi
    step = max(1, int(np.ceil(len(words) * _INCHES_A_WORD / inches)))
    places = range(0, len(words), step)
    shown = [show_word(words[place]) for place in places]
    # A dollar sign in a word is no formula.
    ax.set_xticks(
        places,
        shown,
        rotation=90 if any(len(word) > 2 for word in shown) else 0,  # characters stand upright
        fontsize=9,
        parse_math=False,
    )
    ax.set_xlabel("token" if step == 1 else f"token (one word in {step} is written)")


def label_rows(ax: Axes, words: list[str]) -> None:
    """Write words along the y axis, leaving some out if there is no room for all.

    Parameters
    ----------
    ax : matplotlib Axes
        Its y coordinates 0, 1, ... are the words.
    words : list of str
        The words.
    """
    figure = ax.figure.figure
    figure.draw_without_rendering()
    inches = ax.get_window_extent().height / figure.dpi
    step = max(1, int(np.ceil(len(words) * _INCHES_A_WORD / inches)))
    places = range(0, len(words), step)
    shown = [show_word(words[place]) for place in places]
    ax.set_yticks(places, shown, fontsize=9, parse_math=False)


def show_word(word: str) -> str:
    r"""Return a word as it can stand on an axis: short, and visible.

    Examples
    --------
    >>> from sklearn_rnn.inspection._plotting import show_word
    >>> show_word("\n"), show_word("http://example.org/a/page")
    ('\\n', 'http://example.or…')
    """
    word = "".join(c if c.isprintable() else repr(c)[1:-1] for c in word).replace(" ", "\u2423")
    return word if len(word) <= _LONGEST_WORD else word[: _LONGEST_WORD - 1] + "…"
