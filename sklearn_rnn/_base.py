"""BaseRNNText: the one way to fit, from documents and `y` to what is learned."""

import os
from copy import copy
from numbers import Integral, Real

import numpy as np
from scipy.sparse import csr_array
from sklearn.metrics import get_scorer_names
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from sklearn_rnn._pretraining.given import language_source, read_by_model
from sklearn_rnn._pretraining.starts_from_models import PRETRAINED_CONSTRAINTS, StartsFromModels
from sklearn_rnn._pretraining.unlabelled import as_reusable, models_to_start_from
from sklearn_rnn._sklearn_compat import Interval, StrOptions
from sklearn_rnn._targets.base import known_of, target_of
from sklearn_rnn._training.base_model import BaseRNN
from sklearn_rnn._training.batches import SequenceDataset
from sklearn_rnn._training.checkpoints import check_can_resume
from sklearn_rnn._training.documents import check_any_weight, make_training_set
from sklearn_rnn._training.fit_net import fit_net
from sklearn_rnn._training.growth import check_known_ids
from sklearn_rnn._training.make_network import count_ids
from sklearn_rnn._training.model_lock import lock_of
from sklearn_rnn._training.net import SequenceNet
from sklearn_rnn._training.process_state import prediction_workers
from sklearn_rnn._training.settings import count_workers
from sklearn_rnn._training.start_embedding import find_start
from sklearn_rnn._training.stream import (
    check_no_early_stopping,
    skipping_a_diverged_chunk,
    trained_on_chunk,
)
from sklearn_rnn._training.validation import (
    OutputScorer,
    check_validation_given,
    count_held_out,
    hold_out,
    make_validation_set,
)
from sklearn_rnn._training.vectorize import (
    extend_vectorizer,
    fit_vectorizer,
    start_vectorizer,
    vectorize,
)
from sklearn_rnn._word_vectors import WordVectors
from sklearn_rnn.modules._pooling import POOLINGS


class BaseRNNText(StartsFromModels, BaseRNN):
    """Base of the estimators of documents: their parameters, and the one way to fit them.

    A subclass names the kinds of `y` that it learns in `_targets`; if there are several,
    `_choose_target` says which one a `y` is.
    """

    _parameter_constraints: dict = {
        **BaseRNN._parameter_constraints,
        "bidirectional": ["boolean"],
        "embedding": [WordVectors, str, os.PathLike, np.ndarray, None],
        **PRETRAINED_CONSTRAINTS,
        "freeze_embedding": [
            StrOptions({"auto"}),
            "boolean",
            Interval(Integral, 1, None, closed="left"),
        ],
        "pooling": [StrOptions(set(POOLINGS))],
        "num_heads": [Interval(Integral, 1, None, closed="left")],
        "attention_penalty": [Interval(Real, 0, None, closed="left")],
        "skip_connection": ["boolean"],
        "wide_weight": [StrOptions({"auto"}), Interval(Real, 0, 1, closed="left")],
        "wide_ngrams": [StrOptions({"auto"}), Interval(Integral, 1, 3, closed="both")],
        "crop_length": [Interval(Integral, 1, None, closed="left"), None],
        "scoring": [StrOptions({"loss", *get_scorer_names()}), callable, None],
    }

    _learned_constraints: dict = {
        "net_": [SequenceNet],
        **BaseRNN._learned_constraints,
        "embedding_source_": [str, None],
        "embedding_coverage_": [dict, None],
    }

    # The kinds of `y`, subclasses of Target.
    _targets: tuple = ()

    def _choose_target(self, y, known):
        """Return which of `_targets` a `y` is, as it was passed, given what is known about it."""
        return self._targets[0]

    def _fit(self, X, y, sample_weight, X_val, y_val, sample_weight_val, X_unlabelled=None):
        """Learn from documents, targets and weights, and return the estimator."""
        check_can_resume(self)
        check_validation_given(self, X_val, y_val, sample_weight_val)
        is_warm = self.warm_start and hasattr(self, "net_")
        previous, known, start, checked = None, {}, None, None
        X, X_val = as_reusable(X), as_reusable(X_val)
        if is_warm:
            model = copy(self)  # a consistent copy, as another thread may learn a chunk
            previous, known = model.net_.module_, known_of(self._targets, model)
            sequences, vectorizer = model._check_input(X), model.vectorizer_
            check_known_ids(sequences, previous)
        else:
            if X_unlabelled is not None:
                # Errors should not surface hours later, after the pretraining.
                checked = self._label(X, y, sample_weight, X_val, y_val, sample_weight_val, {})
            sequences, vectorizer, start = self._read_first(X, X_unlabelled, X_val)
        ids_val = None if X_val is None else vectorize(X_val, vectorizer, self, name="X_val")
        if checked is None:
            checked = self._label(
                sequences, y, sample_weight, ids_val, y_val, sample_weight_val, known
            )
        train, valid, target = checked
        train = train._replace(X=sequences)
        split_seed, *seeds = check_random_state(self.random_state).randint(
            np.iinfo(np.int32).max, size=3
        )
        score = None
        if valid is not None:
            valid = valid._replace(X=ids_val)
        elif self.early_stopping:
            strata = target.strata(train.y)
            train, valid = hold_out(train, strata, self.validation_fraction, split_seed)
        if valid is not None:
            check_any_weight(self, valid.weights, "set aside for early stopping")
            if self.scoring != "loss":
                predictor = self._make_predictor({**target.learned, "vectorizer_": vectorizer})
                score = OutputScorer(predictor, self.scoring, valid)
        check_any_weight(self, train.weights, "to train on")

        net = fit_net(
            self,
            train,
            valid,
            target,
            vectorizer,
            score=score,
            seeds=seeds,
            previous=previous,
            start=start,
        )
        learned = target.learned if is_warm else {**_describe(start, sequences), **target.learned}
        lock_of(self).write(self._take_over, net, vectorizer, learned, net.history, is_warm)
        return self

    def _label(self, X, y, sample_weight, X_val, y_val, sample_weight_val, known):
        """Return documents with what belongs to them, for training and validation, and the target.

        The documents may be in any form: only their number matters.
        """
        kind = self._choose_target(y, known)
        y = kind.read(y, self)
        train, target = make_training_set(X, y, sample_weight, self, kind.make, known)
        valid = None
        if X_val is not None:
            valid = make_validation_set(X_val, y_val, sample_weight_val, self, target)
            check_any_weight(self, valid.weights, "set aside for early stopping")
        elif self.early_stopping:
            count_held_out(len(y), self.validation_fraction)
        return train, valid, target

    def _read_first(self, X, X_unlabelled, X_val):
        """Return the documents of a new fit as token ids, their vectorizer, and the start."""
        models = models_to_start_from(self, X, X_unlabelled, X_val)
        if not models:
            sequences, vectorizer = fit_vectorizer(X, self)
            return sequences, vectorizer, find_start(self, self.embedding, sequences, vectorizer)
        source = language_source(self, models)
        sequences, vectorizer = read_by_model(X, models[0], self)
        return sequences, vectorizer, source.start(count_ids(sequences, vectorizer))

    def _partial_fit(self, X, y, sample_weight, classes=None):
        """Learn from a chunk of documents, targets and weights, and return the estimator."""
        check_no_early_stopping(self)
        return lock_of(self).write(self._learn_chunk, X, y, sample_weight, classes)

    def _learn_chunk(self, X, y, sample_weight, classes):
        language = None
        if hasattr(self, "net_"):
            sequences, vectorizer = extend_vectorizer(X, self.vectorizer_, self)
        elif models := models_to_start_from(self, X):
            language = language_source(self, models)
            sequences, vectorizer = read_by_model(X, models[0], self)
        else:
            sequences, vectorizer = start_vectorizer(X, self)
        known = known_of(self._targets, self)
        kind = self._choose_target(y, known)
        y = kind.read(y, self)
        known = kind.check_classes(classes, y, known, self)
        chunk, target = make_training_set(sequences, y, sample_weight, self, kind.make, known)
        check_any_weight(self, chunk.weights, "to train on")
        with (
            skipping_a_diverged_chunk(self, stacklevel=9),
            trained_on_chunk(self, chunk, target, vectorizer, language) as (net, epochs, start),
        ):
            learned = {**_describe(start, sequences), **target.learned}
            self._take_over(net, vectorizer, learned, epochs, True)
        return self

    def _make_predictor(self, learned):
        """Return an estimator that predicts what is learned here, to score while training."""
        predictor = object.__new__(type(self))
        predictor.__dict__.update({**vars(self), **learned})
        return predictor

    def _check_input(self, X):
        """Return the documents as token ids, using the vectorizer of `fit` if they are text."""
        return vectorize(X, self.vectorizer_, self)

    def _outputs(self, X, function=None):
        """Return the network's outputs for documents in any form, or those of its `function`."""
        dataset = SequenceDataset(self._check_input(X))
        with prediction_workers(count_workers(self.n_jobs)):
            outputs = self.net_.outputs(dataset, function)
        n_lost = np.count_nonzero(~np.isfinite(outputs).all(axis=1))
        if n_lost:
            # Finite weights can still be too large, especially with a ReLU in the recurrence.
            raise ValueError(
                f"The outputs of this {type(self).__name__} are infinite or NaN for {n_lost} of "
                f"{len(outputs)} documents, because its weights are too large. Fit it again "
                "with a lower lr, or set clip_grad_norm to a smaller number."
            )
        return outputs

    @property
    def wide_weight_(self):
        """Share of the wide path in the scores."""
        check_is_fitted(self)
        return float(getattr(self.module_, "wide_weight", 0.0))

    @classmethod
    def _constraints_of_learned(cls, learned):
        """Return the constraints of learned attributes: ours, and those of the target."""
        target = target_of(cls._targets, learned)
        return {**cls._learned_constraints, **(target.learned_constraints if target else {})}

    def _check_learned(self):
        """Raise an error of any type if what was read from a file is inconsistent."""
        n_outputs = self.net_.outputs(SequenceDataset(csr_array(np.ones((1, 1), int)))).shape[1]
        target = target_of(self._targets, vars(self))
        if target is None:
            raise ValueError("nothing was learned about y")
        target.check_learned(vars(self), n_outputs)
        coverage = self.embedding_coverage_
        if (coverage is None) != (self.embedding_source_ is None):
            raise ValueError("word vectors need both a source and a coverage, or neither")
        if coverage is not None and (
            coverage.keys() != {"tokens", "words"} or {*map(type, coverage.values())} != {float}
        ):
            raise ValueError("the coverage must be that of tokens and words")


def _describe(start, X):
    """Return the attributes that say which vectors the words started from."""
    return {
        "embedding_source_": None if start is None else start.source,
        "embedding_coverage_": None if start is None else start.coverage(X),
    }
