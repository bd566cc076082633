"""BaseRNNText: what all estimators of one output row per document have in common."""

import inspect
import multiprocessing
import warnings
from copy import copy
from numbers import Integral, Real

import numpy as np
import torch
from joblib import effective_n_jobs
from scipy.sparse import csr_array
from sklearn.base import BaseEstimator, clone
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer
from sklearn.metrics import get_scorer_names
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils.validation import check_is_fitted

from sklearn_rnn._sklearn_compat import HasMethods, Interval, StrOptions
from sklearn_rnn._targets.base import known_of_target
from sklearn_rnn._text.containers import is_text
from sklearn_rnn._text.ngrams import count_ngrams
from sklearn_rnn._text.sequences import check_sequences, sequence_lengths
from sklearn_rnn._text.vocabulary import FIRST_ID
from sklearn_rnn._training.batches import SequenceDataset, SimilarLengthBatches
from sklearn_rnn._training.make_net import check_skorch_params, make_callbacks, resolve_optimizer
from sklearn_rnn._training.net import SequenceNet, resolve_device
from sklearn_rnn._training.optimizers import OPTIMIZERS, SCHEDULES, LazyAdamW
from sklearn_rnn._training.precision import PRECISIONS, resolve_precision
from sklearn_rnn._training.process_state import torch_workers
from sklearn_rnn._training.stream import IncrementalMixin, training_modes
from sklearn_rnn._training.validation import (
    Documents,
    OutputScorer,
    check_any_weight,
    check_validation_given,
    check_weights,
    hold_out,
)
from sklearn_rnn._vectorizer import SequenceVectorizer
from sklearn_rnn.exceptions import FitInterruptedWarning
from sklearn_rnn.modules import NGramLinear, WideAndDeep, build_network
from sklearn_rnn.modules._cell_start import RECURRENT_INITS
from sklearn_rnn.modules._make_cell import n_documents_at_once
from sklearn_rnn.modules._network import GRIDS
from sklearn_rnn.modules._pooling import POOLINGS
from sklearn_rnn.modules.cells import ACTIVATIONS, CELLS
from sklearn_rnn.modules.kernels import has_kernels, load_kernels
from sklearn_rnn.utils._param_names import ParamNamesMixin

# Prediction needs no gradients kept, so its batches can be larger than those of training.
_PREDICTION_BATCH_SIZE = 256

# Bound on the weights of word pairs, 128 MiB of them: many classes times many pairs grow large.
_MAX_PAIR_WEIGHTS = 2**25


class BaseRNNText(IncrementalMixin, ParamNamesMixin, BaseEstimator):
    """Parameters and the one path of fitting shared by the estimators of documents."""

    _parameter_constraints: dict = {
        "vectorizer": [HasMethods(["fit_transform", "transform"]), None],
        "cell": [StrOptions({*CELLS, *GRIDS}), callable],
        "activation": [StrOptions(set(ACTIVATIONS))],
        "bidirectional": ["boolean"],
        "num_layers": [Interval(Integral, 1, None, closed="left")],
        "embedding_dim": [Interval(Integral, 1, None, closed="left")],
        "hidden_size": [Interval(Integral, 1, None, closed="left")],
        "recurrent_init": [StrOptions(set(RECURRENT_INITS)), None],
        "forget_bias": [StrOptions({"chrono"}), Interval(Real, None, None, closed="neither"), None],
        "pooling": [StrOptions(set(POOLINGS))],
        "num_heads": [Interval(Integral, 1, None, closed="left")],
        "attention_penalty": [Interval(Real, 0, None, closed="left")],
        "skip_connection": ["boolean"],
        "wide_weight": [StrOptions({"auto"}), Interval(Real, 0, 1, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "word_dropout": [Interval(Real, 0, 1, closed="left")],
        "recurrent_dropout": [Interval(Real, 0, 1, closed="left")],
        "variational_dropout": ["boolean"],
        "zoneout": [Interval(Real, 0, 1, closed="left")],
        "optimizer": [StrOptions(set(OPTIMIZERS)), callable],
        "lr": [Interval(Real, 0, None, closed="neither")],
        "lr_schedule": [StrOptions(set(SCHEDULES))],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "clip_grad_norm": [Interval(Real, 0, None, closed="neither"), None],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "crop_length": [Interval(Integral, 1, None, closed="left"), None],
        "max_epochs": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "early_stopping": ["boolean"],
        "scoring": [StrOptions({"loss", *get_scorer_names()}), callable, None],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "warm_start": ["boolean"],
        "random_state": ["random_state"],
        "device": [str, torch.device],
        "precision": [StrOptions(set(PRECISIONS))],
        "kernels": ["boolean", StrOptions({"auto"})],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
        "callbacks": [list, None],
        "skorch_params": [dict, None],
    }

    # What `fit` learns, and what it may be, as `_parameter_constraints` says of parameters:
    # `sklearn_rnn.save` writes these attributes, and `load` checks them. A subclass that learns
    # more adds it here, and its own name to `ESTIMATORS` in `_saving.py`; then it can be saved. An
    # attribute that may be None can be added in any release: in older files it counts as None.
    _learned_constraints: dict = {
        "net_": [SequenceNet],
        "vectorizer_": [HasMethods(["transform"]), None],
        "n_iter_": [Integral],
        "t_": [Integral],
        "loss_curve_": [list],
        "validation_scores_": [list, None],
        "best_validation_score_": [Real, None],
    }

    def _check_learned(self):
        """Raise an error of any type if what was read from a file does not fit together."""
        self._check_n_outputs(self.net_.outputs(SequenceDataset(csr_array([[1]]))).shape[1])

    def _check_n_outputs(self, n_outputs):
        """Raise an error of any type if the network of a file has a wrong number of outputs."""

    def _fit(self, X, y, sample_weight, X_val, y_val, sample_weight_val):
        """Learn from documents and what belongs to them, and return the estimator."""
        check_validation_given(self, X_val, y_val, sample_weight_val)
        sequences, vectorizer = self._fit_input(X)
        known = known_of_target(self) if self._is_warm() else {}
        y = self._check_y(y, known)
        documents, target = self._check_training_set(sequences, y, sample_weight, known)
        seeds = check_random_state(self.random_state).randint(np.iinfo(np.int32).max, size=3)

        train, valid, score = documents, None, None
        if X_val is not None:
            valid = self._check_validation_set(X_val, y_val, sample_weight_val, vectorizer, target)
        elif self.early_stopping:
            strata = target.strata(documents.y)
            train, valid = hold_out(documents, strata, self.validation_fraction, seeds[0])
        if valid is not None:
            check_any_weight(self, valid.weights, "set aside for early stopping")
            if self.scoring != "loss":
                learned = {**target.learned, "vectorizer_": vectorizer}
                score = OutputScorer(self._make_predictor(learned), self.scoring, valid)
        check_any_weight(self, train.weights, "to train on")

        net = self._fit_net(train, valid, target, vectorizer, score=score, seeds=seeds[1:])
        self._set_fitted(net, vectorizer, **target.learned)
        return self

    def _check_training_set(self, X, y, sample_weight, known):
        """Return documents to train on, and the target that is made of `y` and what is known."""
        check_consistent_length(X, y)
        weights = check_weights(sample_weight, X)
        check_any_weight(self, weights, "to train on")
        target = self._make_target(y, weights, known)
        return Documents(X, y, weights * target.weigh(y)), target

    def _check_validation_set(self, X_val, y_val, sample_weight_val, vectorizer, target):
        """Return the documents that the user gave for early stopping."""
        X = self._to_sequences(X_val, vectorizer, name="X_val")
        y = self._check_y(y_val, target.learned)
        check_consistent_length(X, y)
        target.check(y, "y_val")
        weights = check_weights(sample_weight_val, X, "sample_weight_val")
        return Documents(X, y, weights * target.weigh(y))

    def _make_predictor(self, learned):
        """Return an estimator that predicts what is learned here, to score while training."""
        predictor = copy(self)
        vars(predictor).update(learned)
        return predictor

    def _fit_net(self, documents, valid, target, vectorizer, *, score, seeds):
        """Train a net on checked documents and return it, leaving the estimator as it is."""
        device = self._prepare_device()
        train = documents.to_dataset(target)
        valid = None if valid is None else valid.to_dataset(target)
        batch_size, max_epochs = self._resolve_training_length(len(train))
        n_steps = max_epochs * -(-len(train) // batch_size)
        params = self._net_params(
            target,
            device,
            batch_size,
            max_epochs,
            n_steps=n_steps,
            order_seed=seeds[0],
            score=score,
        )
        previous = self.net_.module_ if self._is_warm() else None
        with training_modes(self._n_workers(), int(seeds[1]), device):
            net = self._make_net(documents.X, vectorizer, target.n_outputs, params, previous)
            net.partial_fit((train, valid))
        if net.interrupted_:
            if not any("train_loss" in batch for row in net.history for batch in row["batches"]):
                raise KeyboardInterrupt
            warnings.warn(
                f"Training of {type(self).__name__} was interrupted in epoch {len(net.history)} of "
                f"{max_epochs}. The estimator keeps the best weights that it had reached.",
                FitInterruptedWarning,
                stacklevel=5,
            )
        # Of no use any more, and as large as the weights, or twice as large.
        net.module_.zero_grad(set_to_none=True)
        net.optimizer_.state.clear()
        net._set_training(False)  # as every prediction leaves it
        return net

    def _prepare_device(self):
        """Return the device to train on, with the kernels that run there compiled."""
        device = resolve_device(self.device, self)
        if device.type == "cpu" and self._kernels() is True:
            load_kernels()
        return device

    def _net_params(
        self, target, device, batch_size, max_epochs, *, n_steps, order_seed, **callbacks
    ):
        """Return the arguments of the skorch net but for the module."""
        part_documents = n_documents_at_once(self.cell) if device.type == "cpu" else None
        return {
            **self._optimizer_params(resolve_optimizer(self), target.wide_lr(self.lr)),
            "max_epochs": max_epochs,
            "batch_size": batch_size,
            "iterator_train": SimilarLengthBatches,
            "iterator_train__random_state": np.random.RandomState(order_seed),
            "iterator_train__crop_length": self.crop_length,
            "iterator_train__part_documents": part_documents,
            "iterator_valid": SimilarLengthBatches,
            "iterator_valid__part_documents": part_documents,
            "iterator_valid__batch_size": _PREDICTION_BATCH_SIZE,
            "callbacks": make_callbacks(self, target, n_steps, max_epochs, **callbacks),
            "device": device,
            "autocast_dtype": resolve_precision(
                self.precision, self.cell, device, kernels=has_kernels(self._kernels())
            ),
            "verbose": 0,
            **target.criterion,
            **check_skorch_params(self),
        }

    def _fit_input(self, X):
        """Return the documents as token ids, and the vectorizer fitted on them, None for ids."""
        if self._is_warm():
            X = self._check_input(X)
            self._check_known_ids(X)
            return X, self.vectorizer_
        if not is_text(X):
            return check_sequences(X, estimator=self), None
        vectorizer = self._make_vectorizer()
        return check_sequences(vectorizer.fit_transform(X), estimator=self), vectorizer

    def _make_vectorizer(self):
        """Return an unfitted vectorizer, refusing those of scikit-learn that count."""
        if self.vectorizer is None:
            return SequenceVectorizer()
        must = f"The 'vectorizer' parameter of {type(self).__name__} must"
        if isinstance(self.vectorizer, type):
            raise TypeError(f"{must} be an instance. Got the class {self.vectorizer.__name__}.")
        if isinstance(self.vectorizer, (CountVectorizer, HashingVectorizer)):
            raise ValueError(
                f"{must} return token ids in the order of the text. Got {self.vectorizer}, which "
                "counts; SequenceVectorizer turns text into token ids."
            )
        return clone(self.vectorizer)

    def _check_input(self, X):
        """Return the documents as token ids, by the vectorizer of `fit` where they are text."""
        return self._to_sequences(X, self.vectorizer_, name="X")

    def _to_sequences(self, X, vectorizer, *, name):
        if not is_text(X):
            return check_sequences(X, estimator=self)
        if vectorizer is None:
            raise ValueError(
                f"This {type(self).__name__} was fitted on token ids and has no vectorizer for "
                f"raw text. Transform {name} by the vectorizer that made the ids of fit, or fit on "
                "raw text."
            )
        return check_sequences(vectorizer.transform(X), estimator=self)

    def _outputs(self, X, function=None):
        """Return the network's outputs for documents in any form, or those of its `function`."""
        check_is_fitted(self)
        dataset = SequenceDataset(self._check_input(X))
        with torch_workers(self._n_workers()):
            return self.net_.outputs(dataset, function)

    def _set_fitted(self, net, vectorizer, **learned):
        """Take over what `fit` learned, all of it at once: an interrupt finds all or nothing."""
        learned = {**self._count_training(net.history, goes_on=self._is_warm()), **learned}
        of_another_kind = known_of_target(self).keys() - learned.keys()
        vars(self).update(net_=net, vectorizer_=vectorizer, **learned)
        for name in of_another_kind:
            delattr(self, name)

    def _count_training(self, epochs, *, goes_on):
        """Return the attributes that count epochs and documents, after those before if it goes on.

        An epoch that was interrupted counts for its documents alone.
        """
        before = vars(self) if goes_on else {}
        last_recorded = "valid_score" if self.early_stopping else "train_loss"
        finished = [row for row in epochs if last_recorded in row]
        sizes = [batch.get("train_batch_size", 0) for row in epochs for batch in row["batches"]]
        scores = [row["valid_score"] for row in finished] if self.early_stopping else None
        scores_before = before.get("validation_scores_")
        return {
            "n_iter_": len(finished),
            "t_": before.get("t_", 0) + sum(sizes),
            "loss_curve_": before.get("loss_curve_", []) + [row["train_loss"] for row in finished],
            "validation_scores_": scores if scores is None else [*(scores_before or []), *scores],
            "best_validation_score_": max(scores, default=None) if scores is not None else None,
        }

    @property
    def module_(self):
        """The trained torch module."""
        check_is_fitted(self)
        return self.net_.module_

    @property
    def history_(self):
        """History of training, as skorch keeps it."""
        check_is_fitted(self)
        return self.net_.history

    def _resolve_training_length(self, n_documents):
        """Return batch size and epochs: the fewer documents, the smaller and the more."""
        batch_size, max_epochs = self.batch_size, self.max_epochs
        if batch_size == "auto":
            batch_size = 16 if n_documents < 1000 else 32
        if max_epochs == "auto":
            max_epochs = int(np.clip(np.ceil(300 / np.sqrt(n_documents)), 3, 30))
        return batch_size, max_epochs

    def _make_network(self, X, n_ids, n_outputs, *, sparse, ngrams=None):
        """Build the network, with new weights."""
        deep = build_network(
            num_embeddings=n_ids,
            n_outputs=n_outputs,
            cell=self.cell,
            activation=self.activation,
            bidirectional=self.bidirectional,
            num_layers=self.num_layers,
            embedding_dim=self.embedding_dim,
            hidden_size=self.hidden_size,
            recurrent_init=self.recurrent_init,
            forget_bias=self.forget_bias,
            max_length=self._longest_read(X),
            pooling=self.pooling,
            num_heads=self.num_heads,
            attention_penalty=self.attention_penalty,
            skip_connection=self.skip_connection,
            dropout=self.dropout,
            word_dropout=self.word_dropout,
            recurrent_dropout=self.recurrent_dropout,
            kernels=self._kernels(),
            variational_dropout=self.variational_dropout,
            zoneout=self.zoneout,
            sparse=sparse,
        )
        if not self.wide_weight:
            return deep
        if ngrams is None:
            ngrams = count_ngrams(X, n_ids, max_pairs=self._max_pairs(n_outputs))
        parts = map(torch.from_numpy, (ngrams.word_idf, ngrams.pairs, ngrams.pair_idf))
        wide = NGramLinear(n_outputs, *parts, sparse=sparse)
        return WideAndDeep(deep, wide, self._resolve_wide_weight(X.shape[0]))

    def _max_pairs(self, n_outputs):
        return _MAX_PAIR_WEIGHTS // n_outputs

    def _longest_read(self, X):
        """Return how many tokens training reads of the longest document."""
        longest = int(sequence_lengths(X).max(initial=1))
        return longest if self.crop_length is None else min(longest, self.crop_length)

    def _resolve_wide_weight(self, n_documents):
        """Return the share of the wide path: the more documents, the less of it is needed."""
        if self.wide_weight != "auto":
            return self.wide_weight
        return 1 - float(np.clip(np.sqrt(n_documents) / 250, 0.1, 0.4))

    def _optimizer_params(self, optimizer, wide_lr):
        """Return the arguments of the optimizer, some of them for the wide path alone."""
        params = {"optimizer": optimizer, "lr": self.lr}
        if "weight_decay" in inspect.signature(optimizer).parameters:
            params["optimizer__weight_decay"] = self.weight_decay
        if optimizer is LazyAdamW and self.wide_weight:
            group = {"plain": True, "lr": wide_lr}
            params["optimizer__param_groups"] = [("wide.*", group)]
        return params

    def _count_ids(self, X, vectorizer, n_known=0):
        """Return how many ids the embedding table needs, beside those that it has."""
        n_ids = int(X.data.max(initial=FIRST_ID - 1)) + 1
        if hasattr(vectorizer, "vocabulary_"):
            return max(n_ids, FIRST_ID + len(vectorizer.vocabulary_))
        n_new = n_ids - n_known
        if n_new > 10**6 and n_new > 100 * len(np.unique(X.data[X.data >= n_known])):
            raise ValueError(
                f"The token ids in X go up to {n_ids - 1}, but few of them occur: the embedding "
                "would need a row for each. Number the tokens from 2 on without gaps, as "
                "SequenceVectorizer does."
            )
        return n_ids

    def _kernels(self):
        return self.kernels if self.kernels == "auto" else bool(self.kernels)

    def _n_workers(self):
        if self.n_jobs is not None:
            return effective_n_jobs(self.n_jobs)
        # The processes of a pool have siblings, and nobody gives them a share of the threads, as
        # joblib's loky does. One thread is what effective_n_jobs makes of every number in them.
        return 1 if multiprocessing.current_process().daemon else torch.get_num_threads()

    def __sklearn_is_fitted__(self):
        return hasattr(self, "net_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        # Raw text, or token ids: integers that name words, as codes of categories do.
        tags.input_tags.string = True
        tags.input_tags.sparse = True
        tags.input_tags.categorical = True
        tags.input_tags.positive_only = True
        return tags
