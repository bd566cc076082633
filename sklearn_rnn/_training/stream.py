"""Learning that goes on: `partial_fit` on a stream of chunks, and `warm_start`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from copy import copy, deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_array
from sklearn.utils import check_random_state

from sklearn_rnn._targets.base import known_of_target
from sklearn_rnn._text.containers import as_labels, is_text
from sklearn_rnn._text.ngrams import NGramCounts
from sklearn_rnn._text.sequences import check_sequences, sequence_lengths, sequences_from_flat
from sklearn_rnn._text.vocabulary import UNKNOWN_ID
from sklearn_rnn._training.growth import (
    RoomToGrow,
    TrainingState,
    count_known_ids,
    find_ngrams,
    grow_embeddings,
    grow_wide_path,
)
from sklearn_rnn._training.net import SequenceNet
from sklearn_rnn._training.optimizers import LazyAdamW
from sklearn_rnn._training.process_state import torch_float32, torch_seed, torch_workers
from sklearn_rnn._training.validation import Documents, check_any_weight
from sklearn_rnn._vectorizer import SequenceVectorizer
from sklearn_rnn.modules import WideAndDeep

# The wide path learns new words, pairs and frequencies once the documents have become so many more,
# or so many tokens have come: each time it takes as long as all that it knows.
_SHARE_TO_COUNT = 0.1
_TOKENS_TO_COUNT = 2**22

_BATCH_SIZE = 32


@dataclass(frozen=True)
class Stream:
    """What `partial_fit` keeps with the net from one chunk to the next.

    It never changes, but for the room to grow: each chunk makes another one.

    Parameters
    ----------
    first_seed : int
        Seed of torch for the first chunk, from which those of the others follow.
    lr : float
        The learning rate of the last chunk.
    counts : NGramCounts
        The documents that the wide path has counted.
    waiting : list of csr_array
        Those that it has not.
    n_chunks : int
        Number of chunks.
    room : RoomToGrow
        Room behind the tables.
    """

    first_seed: int
    lr: float
    counts: NGramCounts = field(default_factory=NGramCounts)
    waiting: tuple[csr_array, ...] = ()
    n_chunks: int = 0
    room: RoomToGrow = field(default_factory=RoomToGrow)

    @property
    def seed(self) -> int:
        """Seed of torch for the coming chunk."""
        if self.n_chunks == 0:
            return self.first_seed
        seeds = np.random.RandomState([self.first_seed, self.n_chunks])
        return int(seeds.randint(np.iinfo(np.int32).max))

    @property
    def n_documents(self) -> int:
        """Number of documents so far."""
        return self.counts.n_documents + sum(X.shape[0] for X in self.waiting)

    def add(self, X: csr_array, n_ids: int) -> Stream:
        """Take documents in, counted at once or together with later ones."""
        waiting = (*self.waiting, X)
        n_documents = sum(part.shape[0] for part in waiting)
        n_tokens = sum(part.nnz for part in waiting)
        is_time = n_documents >= _SHARE_TO_COUNT * self.counts.n_documents
        if not is_time and n_tokens < _TOKENS_TO_COUNT:
            return replace(self, waiting=waiting)
        tokens = np.concatenate([part.data for part in waiting])
        lengths = np.concatenate([sequence_lengths(part) for part in waiting])
        counts = self.counts.add(sequences_from_flat(tokens, lengths), n_ids)
        return replace(self, counts=counts, waiting=())


def check_stream_classes(classes: Any, y: np.ndarray, known: dict, estimator: Any) -> dict:
    """Return what is known of the labels of a stream before a chunk is learned from.

    Parameters
    ----------
    classes : array-like of shape (n_classes,) or None
        What the user passed: all labels of the stream, needed in the first chunk. None stands for
        those of the chunks before, or for the columns of an indicator matrix.
    y : ndarray of shape (n_documents,) or (n_documents, n_labels)
        The labels of the chunk, as `check_labels` returns them.
    known : dict
        What the chunks before have left, see `known_of_target`.
    estimator : estimator instance
        Whose `class_weight` is to hold.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_rnn import RNNTextClassifier
    >>> from sklearn_rnn._training.stream import check_stream_classes
    >>> check_stream_classes(["a", "b"], np.array(["b"]), {}, RNNTextClassifier())
    {'classes_': array(['a', 'b'], dtype='<U1'), 'multilabel_': False}
    """
    if isinstance(estimator.class_weight, str):
        raise ValueError(
            "class_weight 'balanced' is not supported for partial_fit, which does not know how "
            "frequent the classes will be. Pass the weights themselves: those that "
            "sklearn.utils.class_weight.compute_class_weight gives for a large enough sample of y."
        )
    if classes is not None:
        if np.ndim(classes) != 1:
            raise ValueError(f"classes must be a list or array of all labels. Got {classes!r}.")
        classes = as_labels(classes)
    if known.get("multilabel_", y.ndim > 1):
        n_labels = len(known["classes_"]) if known else y.shape[1]
        # The values of an indicator matrix will do: `learning_curve` gives those.
        if classes is None or len(classes) == n_labels or np.array_equal(classes, [0, 1]):
            return known
        raise ValueError(
            "Where y is an indicator matrix, classes must be None or have an entry for each of "
            f"its {n_labels} columns. Got {len(classes)} entries."
        )
    if classes is None:
        if not known:
            raise ValueError("classes must be passed on the first call to partial_fit.")
        return known
    classes = np.unique(classes)
    if len(classes) < 2:
        raise ValueError(
            f"{type(estimator).__name__} needs at least 2 classes. Got classes={classes.tolist()}."
        )
    if known and not np.array_equal(classes, known["classes_"]):
        raise ValueError(
            f"`classes={classes}` is not the same as on last call to partial_fit or fit, was: "
            f"{known['classes_']}. To begin anew, call fit, or partial_fit of a clone."
        )
    return {"classes_": classes, "multilabel_": False}


class IncrementalMixin:
    """What an estimator needs for `partial_fit` and `warm_start`."""

    def _is_warm(self) -> bool:
        """Return whether `fit` is to go on from the weights of the last one."""
        return self.warm_start and hasattr(self, "net_")

    def _partial_fit(self, X: Any, y: Any, sample_weight: Any, classes: Any = None) -> Any:
        """Learn from a chunk of documents and what belongs to them, and return the estimator."""
        if self.early_stopping:
            raise ValueError(
                "partial_fit does not support early_stopping=True: it makes one pass over each "
                "chunk and sets no documents aside. Set early_stopping=False."
            )
        sequences, vectorizer = self._partial_fit_input(X)
        known = known_of_target(self)
        y = self._check_y(y, known)
        known = self._know_classes(classes, y, known)
        documents, target = self._check_training_set(sequences, y, sample_weight, known)
        check_any_weight(self, documents.weights, "to train on")
        self._partial_fit_net(documents, target, vectorizer)
        return self

    def _know_classes(self, classes: Any, y: np.ndarray, known: dict) -> dict:
        """Return what is known of `y`, with the classes that were passed."""
        return known

    def _partial_fit_input(self, X: Any) -> tuple[csr_array, Any]:
        """Return a chunk as token ids, and a vectorizer that knows it, None for ids.

        The vectorizer of the estimator stays as it is.
        """
        is_first = not hasattr(self, "net_")
        if not is_text(X):
            return check_sequences(X, estimator=self), getattr(self, "vectorizer_", None)
        if is_first:
            vectorizer = self._make_vectorizer()
        elif self.vectorizer_ is None or not hasattr(self.vectorizer_, "partial_fit"):
            return self._check_input(X), self.vectorizer_
        elif type(self.vectorizer_) is SequenceVectorizer:
            vectorizer = copy(self.vectorizer_)
        else:
            vectorizer = deepcopy(self.vectorizer_)
        if type(vectorizer) is SequenceVectorizer:
            ids = vectorizer._partial_fit_transform(X)
        elif hasattr(vectorizer, "partial_fit"):
            X = list(X) if isinstance(X, Iterator) else X
            ids = vectorizer.partial_fit(X).transform(X)
        else:
            ids = vectorizer.fit_transform(X)
        return check_sequences(ids, estimator=self), vectorizer

    def _partial_fit_net(self, documents: Documents, target: Any, vectorizer: Any) -> None:
        """Make one pass over checked documents and take over what it taught.

        After an error or an interrupt everything is as before the call.
        """
        X = documents.X
        stream = self.net_.stream_ if hasattr(self, "net_") else None
        is_open = stream is not None
        if not is_open:
            stream, order_seed = self._start_stream()
        device = torch.device(self.net_.device) if is_open else self._prepare_device()
        before, backup = vars(self).copy(), None
        with training_modes(self._n_workers(), stream.seed, device):
            try:
                if is_open:
                    net = self.net_
                    backup = TrainingState(net, np.union1d(X.data, UNKNOWN_ID))
                else:
                    net = self._open_net(X, vectorizer, target, device, order_seed)
                stream = self._grow(net, stream, X, vectorizer, target)
                n_epochs = len(net.history)
                net.partial_fit((documents.to_dataset(target, mean_weight=1), None))
                if net.interrupted_:
                    raise KeyboardInterrupt
                net.module_.zero_grad(set_to_none=True)
                net._set_training(False)  # as every prediction leaves it
                epochs = net.history[n_epochs:]
                learned = {**self._count_training(epochs, goes_on=True), **target.learned}
                for row in epochs:
                    row["batches"] = []  # a stream has no end, and the memory has
                net.stream_ = stream
                vars(self).update(net_=net, vectorizer_=vectorizer, **learned)
            except BaseException:
                if backup is not None:
                    backup.restore()
                vars(self).update(before)
                raise

    def _start_stream(self) -> tuple[Stream, int]:
        """Return a stream that goes on from what was fitted, and the seed of its order."""
        # The same seeds as in fit, whose first is for the documents set aside.
        random_state = check_random_state(self.random_state)
        _, order_seed, first_seed = random_state.randint(np.iinfo(np.int32).max, size=3)
        stream = Stream(int(first_seed), self.lr)
        ngrams = find_ngrams(self.net_.module_) if hasattr(self, "net_") else None
        if ngrams is not None:
            stream = replace(stream, counts=NGramCounts.from_ngrams(ngrams))
        return stream, order_seed

    def _open_net(self, X, vectorizer, target, device, order_seed) -> SequenceNet:
        """Return a net for a stream, with the weights of the fitted one where there is one."""
        batch_size = _BATCH_SIZE if self.batch_size == "auto" else self.batch_size
        params = self._net_params(
            target,
            device,
            batch_size,
            max_epochs=1,
            n_steps=1,
            order_seed=order_seed,
            lr_schedule="constant",
        )
        previous = self.net_.module_ if hasattr(self, "net_") else None
        return self._make_net(X, vectorizer, target.n_outputs, params, previous)

    def _make_net(self, X, vectorizer, n_outputs, params, previous=None) -> SequenceNet:
        """Return a net with new weights, or with those of a previous module."""
        n_ids = ngrams = None
        if previous is not None:
            n_ids, ngrams = count_known_ids(previous), find_ngrams(previous)
        if n_ids is None:
            n_ids = self._count_ids(X, vectorizer)
        is_sparse = params["optimizer"] is LazyAdamW
        module = self._make_network(X, n_ids, n_outputs, sparse=is_sparse, ngrams=ngrams)
        net = SequenceNet(**{"module": module, **params}).initialize()
        if previous is not None:
            self._take_weights(net.module_, previous)
        return net

    def _take_weights(self, module, previous) -> None:
        try:
            module.load_state_dict(previous.state_dict())
        except RuntimeError as exc:
            raise ValueError(
                f"The parameters of this {type(self).__name__} make a network of another shape "
                "than the one whose weights are to be trained further. Set those that were "
                "changed back, or, to begin anew, set warm_start=False and call fit."
            ) from exc

    def _check_known_ids(self, X: csr_array) -> None:
        """Refuse token ids that the network to be trained further has no vectors for."""
        known = count_known_ids(self.net_.module_)
        if known is not None and X.data.max(initial=0) >= known:
            raise ValueError(
                f"With warm_start=True, X must hold the vocabulary of the previous fit: token ids "
                f"up to {known - 1}. Got {X.data.max()}. partial_fit takes new tokens in."
            )

    def _grow(self, net, stream, X, vectorizer, target) -> Stream:
        """Make room for what is new in a chunk, before it is trained on."""
        module, optimizer = net.module_, net.optimizer_
        for group in optimizer.param_groups:
            # The rate of the wide path need not follow that of the rest in proportion.
            rate = target.wide_lr if group.get("plain") else float
            group["lr"] *= rate(self.lr) / rate(stream.lr)
        grown = replace(stream, lr=self.lr, n_chunks=stream.n_chunks + 1)
        known = count_known_ids(module)
        if known is None:
            return grown
        n_ids = max(known, self._count_ids(X, vectorizer, known))
        grow_embeddings(module, optimizer, n_ids, stream.room)
        if isinstance(module, WideAndDeep):
            grown = grown.add(X, n_ids)
            if grown.counts is not stream.counts:
                ngrams = grown.counts.ngrams(max_pairs=self._max_pairs(target.n_outputs))
                grow_wide_path(module, optimizer, ngrams)
            module.wide_weight = self._resolve_wide_weight(grown.n_documents)
        return grown


@contextmanager
def training_modes(n_workers: int, seed: int, device: torch.device) -> Iterator[None]:
    """Hold all that torch keeps for a thread or the process as training needs it.

    Parameters
    ----------
    n_workers : int
        The number of threads.
    seed : int
        Torch's seed.
    device : torch.device
        Where training is.
    """
    with ExitStack() as stack:
        stack.enter_context(torch_workers(n_workers))
        stack.enter_context(torch_seed(seed, device))
        stack.enter_context(torch_float32())
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        # Like the two above: new threads do not have the caller's modes either.
        stack.enter_context(torch.autocast(device.type, enabled=False))
        yield
