"""Log-probabilities of tokens and states of documents, from a trained language model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sklearn_rnn._language.data import LanguageData
from sklearn_rnn._language.windows import LanguageWindows, WindowPart, cut_window
from sklearn_rnn._training.device import moved
from sklearn_rnn._training.process_state import side_by_side
from sklearn_rnn.modules import PackedLayout
from sklearn_rnn.modules._decoders import tokens_at_once

# Sequences that are read side by side: enough for products of full speed. Where there are few, they
# are divided among some threads, the same way on any number of them.
_MAX_SEQUENCES = 64
_MIN_GROUPS = 4
# Bound on the tokens of a window, whose states are kept until it is read.
_WINDOW_TOKENS = 2**13


def token_log_probs(net: Any, data: LanguageData) -> np.ndarray:
    """Return the log-probability of each token after the first, given those before it.

    Parameters
    ----------
    net : LanguageNet
        The trained net.
    data : LanguageData
        The sequences.

    Returns
    -------
    log_probs : ndarray of float64 of shape (n_tokens,)
        In the order of the stream.
    """
    module = net.module_
    at_once = tokens_at_once(module.decoder.n_logits)

    def score(part: WindowPart, hidden: Tensor) -> Tensor:
        targets = moved(part.targets, hidden.device)
        parts = zip(hidden.split(at_once), targets.split(at_once), strict=True)
        return -torch.cat([module.loss(states, ids) for states, ids in parts])

    return _collect(net, data, np.full(data.n_tokens, np.nan), score)


def token_states(net: Any, data: LanguageData) -> np.ndarray:
    """Return, for each token after the first, the state of the top layer that predicts it.

    Parameters
    ----------
    net : LanguageNet
        The trained net.
    data : LanguageData
        The sequences.

    Returns
    -------
    states : ndarray of float32 of shape (n_tokens, hidden_size)
        In the order of the stream.
    """
    states = np.empty((data.n_tokens, net.module_.encoder.output_size), np.float32)
    return _collect(net, data, states, lambda part, hidden: hidden.float())


def last_states(net: Any, data: LanguageData) -> np.ndarray:
    """Return the state of the top layer at the last token that each sequence reads.

    Returns
    -------
    states : ndarray of float32 of shape (n_sequences, hidden_size)
    """
    states = np.empty((len(data), net.module_.encoder.output_size), np.float32)

    def keep(part: WindowPart, start: int, hidden: Tensor, layout: PackedLayout) -> None:
        # Where a sequence goes on, the next window overwrites it.
        states[part.rows] = hidden[layout.last].float().numpy(force=True)

    _read(net, data, keep)
    return states


def _collect(
    net: Any,
    data: LanguageData,
    values: np.ndarray,
    compute: Callable[[WindowPart, Tensor], Tensor],
) -> np.ndarray:
    """Fill an array with results computed from the states, in the order of the stream.

    The tokens with which a sequence only warms up are left out.
    """

    def keep(part: WindowPart, start: int, hidden: Tensor, layout: PackedLayout) -> None:
        steps = start + layout.positions.numpy(force=True)
        counts = steps >= data.n_unscored[part.rows][layout.documents.numpy(force=True)]
        values[part.places[counts]] = compute(part, hidden).numpy(force=True)[counts]

    _read(net, data, keep)
    return values


def _read(net: Any, data: LanguageData, use: Callable) -> None:
    """Read sequences in groups in parallel, and use the states of each window."""
    n_sequences = int(np.clip(-(-len(data) // _MIN_GROUPS), 1, _MAX_SEQUENCES))
    net._set_training(False)

    def read_group(rows: np.ndarray) -> None:
        with torch.inference_mode(), net._autocast():
            for part, start, hidden in _windows(net, data, rows):
                use(part, start, hidden, PackedLayout(part.ids.batch_sizes, hidden.device))

    side_by_side(read_group, LanguageWindows(data, n_sequences).plan())


def _windows(
    net: Any, data: LanguageData, rows: np.ndarray
) -> Iterator[tuple[WindowPart, int, Tensor]]:
    """Yield the windows of some sequences, where they start, and the states in them."""
    longest = int(data.lengths[rows[0]])
    n_steps = max(1, _WINDOW_TOKENS // len(rows))
    state = None
    for start, stop in pairwise([*range(0, longest, n_steps), longest]):
        part = cut_window(data, rows, start, stop)
        hidden, state = net.read(part, state)
        yield part, start, hidden
