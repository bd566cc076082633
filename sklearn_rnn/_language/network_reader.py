"""A trained network as the model for generating texts."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from scipy.special import log_softmax, logsumexp
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from sklearn_rnn._language.labels import encode_labels
from sklearn_rnn._language.reader import BOUNDARY_ID, Reader
from sklearn_rnn._text.vocabulary import UNKNOWN_ID
from sklearn_rnn._training.workers import stop_if_cancelled
from sklearn_rnn.modules import PackedLayout
from sklearn_rnn.modules._decoders import tokens_at_once
from sklearn_rnn.modules.cells._base import State

# Tokens of a prompt that are read at a time.
_N_READ = 4096


def make_reader(model: Any, label: Any) -> Reader:
    """Return a reader of texts of one label, or of any.

    Parameters
    ----------
    model : RNNLanguageModel
        The trained model.
    label : object or None
        One of its classes.
    """
    net, classes = model.net_, model.classes_
    net._set_training(False)
    if label is None:
        return NetworkReader(net) if classes is None else MixtureReader(net, model.class_log_prior_)
    if classes is None:
        raise ValueError(
            f"'label' must be None, as this {type(model).__name__} was fitted without labels. "
            f"Got {label!r}."
        )
    if np.ndim(label):
        raise ValueError(f"'label' must be one of the classes, {classes.tolist()}. Got {label!r}.")
    (code,) = encode_labels([label], classes, model, "label")
    return NetworkReader(net, int(code))


class _Read(NamedTuple):
    """The state of each layer after some texts, and the output of the top one."""

    layers: list[State]
    hidden: Tensor


class NetworkReader:
    """Reads texts with a `LanguageNetwork`, the state carried from token to token.

    Parameters
    ----------
    net : LanguageNet
        The trained net, in evaluation mode.
    label : int or None, default=None
        The label of the texts, None if the net has no labels.
    """

    def __init__(self, net: Any, label: int | None = None) -> None:
        self._network = _Network(net, [label])

    def start(self, ids: np.ndarray) -> _Read:
        """Return the state after a text."""
        return self._network.read_text(ids)[0]

    def scores(self, read: _Read) -> np.ndarray:
        """Return the logits of the next token of each text."""
        return self._network.logits(read.hidden)

    def step(self, read: _Read, ids: np.ndarray) -> _Read:
        """Return the state after another token of each text."""
        return self._network.step(read, ids)

    def select(self, read: _Read, texts: np.ndarray) -> _Read:
        """Return the state of these texts."""
        return self._network.select(read, texts)


class _ReadByLabels(NamedTuple):
    """The states after texts under each label, and how probable the labels are then."""

    read: _Read
    log_labels: np.ndarray  # (n_texts, n_labels)
    log_probs: np.ndarray  # (n_texts, n_labels, n_ids), of the next token


class MixtureReader:
    """Reads texts under all labels in parallel, for texts whose label is not given.

    The probability of the next token is the mean over the labels, weighted by how probable these
    are after the text so far.

    Parameters
    ----------
    net : LanguageNet
        The trained net, in evaluation mode.
    log_prior : ndarray of float64 of shape (n_labels,)
        The log-probabilities of the labels before a text.
    """

    def __init__(self, net: Any, log_prior: np.ndarray) -> None:
        self._network = _Network(net, list(range(len(log_prior))))
        self._log_prior = log_prior

    def start(self, ids: np.ndarray) -> _ReadByLabels:
        """Return the state after a text."""
        read, losses = self._network.read_text(ids, with_losses=True)
        return self._after(read, (self._log_prior - losses)[None])

    def scores(self, read: _ReadByLabels) -> np.ndarray:
        """Return the log-probabilities of the next token of each text."""
        return logsumexp(read.log_probs + read.log_labels[:, :, None], axis=1)

    def step(self, read: _ReadByLabels, ids: np.ndarray) -> _ReadByLabels:
        """Return the state after another token of each text."""
        log_labels = read.log_labels + read.log_probs[np.arange(len(ids)), :, ids]
        by_label = self._network.step(read.read, np.repeat(ids, len(self._log_prior)))
        return self._after(by_label, log_labels)

    def select(self, read: _ReadByLabels, texts: np.ndarray) -> _ReadByLabels:
        """Return the state of these texts."""
        n_labels = len(self._log_prior)
        rows = (n_labels * texts[:, None] + np.arange(n_labels)).ravel()
        selected = self._network.select(read.read, rows)
        return _ReadByLabels(selected, read.log_labels[texts], read.log_probs[texts])

    def _after(self, read: _Read, log_labels: np.ndarray) -> _ReadByLabels:
        log_labels = log_labels - logsumexp(log_labels, axis=1, keepdims=True)
        log_probs = log_softmax(self._network.logits(read.hidden).astype(np.float64), axis=1)
        return _ReadByLabels(read, log_labels, log_probs.reshape(*log_labels.shape, -1))


class _Network:
    """The network of a net, which reads each text once for each label.

    Parameters
    ----------
    net : LanguageNet
        The trained net.
    labels : list of int or None
        The labels. Rows are in the order of the texts, with all labels of a text together.
    """

    def __init__(self, net: Any, labels: list) -> None:
        self._net, self._labels = net, labels
        self._n_ids = net.module_.embedding.table.num_embeddings
        self._layout: PackedLayout | None = None

    def read_text(self, ids: np.ndarray, *, with_losses: bool = False) -> tuple[_Read, np.ndarray]:
        """Return the state after the boundary and a text, and its loss under each label.

        The losses are zeros without `with_losses`. A long text is read part by part, because the
        states take several kilobytes per token.
        """
        n_labels, ids = len(self._labels), self._known(ids)
        losses, before = np.zeros(n_labels), np.concatenate([[BOUNDARY_ID], ids])
        layers: Any = None
        for first in range(0, len(before), _N_READ):
            stop_if_cancelled()
            part = np.repeat(before[first : first + _N_READ], n_labels)
            data = torch.from_numpy(part).to(self._net.device)
            packed = PackedSequence(data, torch.full((len(part) // n_labels,), n_labels))
            with torch.inference_mode(), self._net._autocast():
                hidden, layers = self._net.module_(packed, layers, self._labels_of(n_labels))
            if with_losses:
                losses += self._losses(hidden, ids[first : first + _N_READ])
        return _Read(layers, hidden[-n_labels:].clone()), losses

    def step(self, read: _Read, ids: np.ndarray) -> _Read:
        """Return the state after another token in each row."""
        device, module = self._net.device, self._net.module_
        layout = self._layout  # another thread may set another one
        if layout is None or layout.n_documents != len(ids):
            layout = self._layout = PackedLayout(torch.tensor([len(ids)]), device)
        data = torch.from_numpy(ids).to(device)
        with torch.inference_mode(), self._net._autocast():
            hidden, layers = module.step(data, read.layers, self._labels_of(len(ids)), layout)
        return _Read(layers, hidden)

    def select(self, read: _Read, rows: np.ndarray) -> _Read:
        """Return the state of these rows."""
        index = torch.from_numpy(rows).to(read.hidden.device)
        with torch.inference_mode():
            layers = [tuple(part[index] for part in layer) for layer in read.layers]
            return _Read(layers, read.hidden[index])

    def logits(self, hidden: Tensor) -> np.ndarray:
        """Return the logits of the next token in each row."""
        decoder = self._net.module_.decoder
        # A decoder of several steps has no logits of all ids; log-probabilities are some, too.
        scores = decoder.logits if hasattr(decoder, "logits") else decoder.log_probs
        with torch.inference_mode(), self._net._autocast():
            logits = scores(hidden).numpy(force=True)
        return logits[:, : self._n_ids]  # another thread may have added ids meanwhile

    def _losses(self, hidden: Tensor, ids: np.ndarray) -> np.ndarray:
        """Return the negative log-likelihood of a text under each label, in float64."""
        n_labels = len(self._labels)
        hidden = hidden[: len(ids) * n_labels]
        targets = torch.from_numpy(np.repeat(ids, n_labels)).to(hidden.device)
        at_once = tokens_at_once(self._n_ids)
        parts = zip(hidden.split(at_once), targets.split(at_once), strict=True)
        with torch.inference_mode(), self._net._autocast():
            losses = [self._net.module_.loss(states, ids) for states, ids in parts]
        return torch.cat(losses).double().view(-1, n_labels).sum(0).numpy(force=True)

    def _known(self, ids: np.ndarray) -> np.ndarray:
        """Return ids, with those that occur in no training text as the unknown token."""
        return np.where(ids < self._n_ids, ids, UNKNOWN_ID).astype(np.int64)

    def _labels_of(self, n_rows: int) -> Tensor | None:
        if self._labels[0] is None:
            return None
        labels = torch.tensor(self._labels, device=self._net.device)
        return labels.repeat(n_rows // len(self._labels))
