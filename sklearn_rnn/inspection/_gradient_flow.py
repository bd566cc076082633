"""How far back in a document the gradient of the loss reaches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from functools import partial
from typing import Any, cast

import numpy as np
import pandas as pd
import torch
from sklearn.utils import check_consistent_length
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from sklearn_rnn._text.containers import as_labels
from sklearn_rnn._training.batches import SequenceDataset, SimilarLengthBatches
from sklearn_rnn._training.process_state import torch_workers
from sklearn_rnn.inspection._inspected_estimator import InspectedEstimator
from sklearn_rnn.inspection._recording import by_module, list_layers
from sklearn_rnn.modules import GridLSTMCell, RecurrentLayer
from sklearn_rnn.modules.cells._base import run_steps

_BATCH_SIZE = 64

States = dict[tuple[int, str], list[tuple[Tensor, ...]]]


def gradient_flow(estimator, X, y):
    """Measure the gradient of the loss at each state, by its distance from the end.

    A network can learn from a word only if the gradient of the loss reaches the state at that word.
    In plain cells the gradient vanishes over distance.

    Parameters
    ----------
    estimator : estimator instance
        A fitted :class:`~sklearn_rnn.RNNTextClassifier`, a :class:`~sklearn.pipeline.Pipeline`
        that ends in one, or a fitted search over either, whose best estimator is used.

    X : iterable of str, or {sparse matrix, array-like} of shape (n_samples, n_positions)
        Documents, as in `predict`.

    y : array-like of shape (n_samples,)
        Labels of the documents.

    Returns
    -------
    flow : DataFrame
        A row for each layer, direction and distance. The columns are:

        layer, direction : int and str
            The cell.
        distance : int
            Number of tokens that the cell reads after this state, 0 for the last state.
        n_documents : int
            Number of documents that are long enough to have a state at this distance.
        gradient_norm : float
            Norm of the gradient of the loss with respect to the whole state, cell state included;
            the mean over these documents.
        ratio : float
            The norm divided by that at distance 0; the median over these documents.

    See Also
    --------
    GradientFlowDisplay : Draw the gradient flow of one or several estimators.

    Notes
    -----
    The loss is that of the recurrent network only; the wide path has its own loss. It is computed
    in double precision, without dropout, cell by cell and step by step.

    With ``pooling="last"``, the loss depends on the last state only, and the curve shows what the
    cell itself transmits. With other poolings, the gradient also reaches every state directly,
    which is their strength.

    References
    ----------
    Y. Bengio, P. Simard and P. Frasconi, "Learning long-term dependencies with gradient descent is
    difficult", IEEE Transactions on Neural Networks 5 (1994).

    Examples
    --------
    >>> from sklearn_rnn import RNNTextClassifier
    >>> from sklearn_rnn.inspection import gradient_flow
    >>> X = ["good, not bad", "bad, not good"] * 20
    >>> y = ["praise", "complaint"] * 20
    >>> clf = RNNTextClassifier(cell="rnn", pooling="last", max_epochs=3, random_state=0)
    >>> flow = gradient_flow(clf.fit(X, y), X, y)
    >>> flow.query("direction == 'forward'")["distance"].tolist()
    [0, 1, 2, 3]
    """
    inspected = InspectedEstimator(estimator)
    sequences = inspected.sequences(X)
    targets = _encode_labels(inspected, y)
    check_consistent_length(sequences, targets)
    dataset = SequenceDataset(sequences, targets)
    # A copy, so that the estimator stays as it is, in numbers that do not underflow on the way.
    deep = deepcopy(inspected.deep).cpu().double().eval()
    criterion = deepcopy(inspected.estimator.net_.criterion_).cpu().double()
    norms: dict[tuple[int, str], list[np.ndarray]] = {}
    with torch_workers(1), torch.inference_mode(False), torch.enable_grad():
        for rows in SimilarLengthBatches(dataset, _BATCH_SIZE).plan():
            batch, (labels, _) = dataset.batch(rows)
            batch_norms = _state_gradients(deep, criterion, batch.parts[0], labels)
            for cell, by_step in batch_norms.items():
                norms.setdefault(cell, []).extend(
                    by_step[:length, i][::-1] for i, length in enumerate(dataset.lengths[rows])
                )
    return pd.concat(
        [_summarize(*cell, by_document) for cell, by_document in norms.items()], ignore_index=True
    )


def _state_gradients(
    deep: nn.Module, criterion: nn.Module, ids: PackedSequence, targets: Tensor
) -> dict[tuple[int, str], np.ndarray]:
    """Return the norms for each cell, shape (n_steps, n_documents), in its order of reading."""
    with stepwise(deep) as states:
        # A document's states enter its own loss alone, so one gradient of the sum has them all.
        loss = criterion(deep(ids), targets).sum()
    flat = [part for steps in states.values() for state in steps for part in state]
    grads = iter(torch.autograd.grad(loss, flat, allow_unused=True, materialize_grads=True))
    n_documents = int(ids.batch_sizes[0])
    norms = {}
    for cell, steps in states.items():
        norms[cell] = np.zeros((len(steps), n_documents))
        for step, state in enumerate(steps):
            parts = [next(grads).square().flatten(1).sum(dim=1) for _ in state]
            squares = sum(parts[1:], start=parts[0])
            norms[cell][step, : len(squares)] = squares.sqrt().detach().numpy()
    return norms


@contextmanager
def stepwise(deep: nn.Module) -> Iterator[States]:
    """Run cells step by step inside the block, and keep the state after each step.

    A kernel over many steps computes the gradients of the states in between, but returns none.

    Parameters
    ----------
    deep : torch.nn.Module
        The recurrent network, a copy of that of the estimator.
    """
    states: States = {}
    changed = []

    def keep(place, state):
        # Views, so that hidden and cell state are each known by what follows alone: the one is
        # computed from the other.
        state = tuple(part.view_as(part) for part in state)
        states[place.depth, place.direction].append(state)
        return state

    def make_forward(cell, places):
        def step(x, state):
            return keep(places[0], cell.step(x, state))

        return partial(run_steps, step)

    def make_time(cell, places):
        # A block of a grid goes step by step as it is, and depth sees what time has made.
        advance_time = cell._time
        return lambda *args: keep(places[0], advance_time(*args))

    try:
        for module, places in by_module(list_layers(deep)).items():
            layer = cast("RecurrentLayer", module)
            layer.kernels = False
            states.update({(place.depth, place.direction): [] for place in places})
            name, make = "forward", make_forward
            if isinstance(layer.cell, GridLSTMCell):
                name, make = "_time", make_time
            setattr(layer.cell, name, make(layer.cell, places))
            changed.append((layer.cell, name))
            module.register_forward_hook(lambda *_, places=places: places.rotate(-1))
        yield states
    finally:
        for cell, name in changed:
            delattr(cell, name)


def _summarize(layer: int, direction: str, by_document: list[np.ndarray]) -> pd.DataFrame:
    """Return the rows of one cell from the norms of each document, by distance."""
    longest = max(map(len, by_document))
    table = np.full((len(by_document), longest), np.nan)
    for row, norms in zip(table, by_document, strict=True):
        row[: len(norms)] = norms
    # A loss of 0 has no gradient to compare with.
    last = np.where(table[:, :1] > 0, table[:, :1], np.nan)
    return pd.DataFrame(
        {
            "layer": layer,
            "direction": direction,
            "distance": np.arange(longest),
            "n_documents": (~np.isnan(table)).sum(axis=0),
            "gradient_norm": np.nanmean(table, axis=0),
            "ratio": pd.DataFrame(table / last).median().to_numpy(),
        }
    )


def _encode_labels(inspected: InspectedEstimator, y: Any) -> np.ndarray:
    """Return the place of each label among the classes."""
    criterion = inspected.estimator.net_.criterion_
    if not isinstance(criterion, nn.CrossEntropyLoss):
        raise TypeError(
            "'estimator' must be a classifier with one label for each document. "
            f"Got {inspected.name} with the loss {type(criterion).__name__}."
        )
    classes, y = inspected.estimator.classes_, as_labels(y)
    unseen = ~np.isin(y, classes)
    if unseen.any():
        raise ValueError(
            f"y contains labels that were not seen in fit: {np.unique(y[unseen]).tolist()}. "
            f"The classes are {classes.tolist()}."
        )
    return np.searchsorted(classes, y)
