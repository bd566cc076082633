"""BaseRNN: what all estimators that train a recurrent network share."""

import os
from collections.abc import Mapping
from copy import deepcopy
from numbers import Integral, Real

import torch
from sklearn.base import BaseEstimator
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from sklearn_rnn._sklearn_compat import HasMethods, Interval, StrOptions
from sklearn_rnn._targets.base import known_of
from sklearn_rnn._training.diagram import diagram_of
from sklearn_rnn._training.model_lock import lock_of, reading
from sklearn_rnn._training.optimizers import OPTIMIZERS
from sklearn_rnn._training.precision import PRECISIONS
from sklearn_rnn._training.schedules import SCHEDULES
from sklearn_rnn._training.unfinished import LearnedState, undone_unless_finished
from sklearn_rnn.modules._cell_start import RECURRENT_INITS
from sklearn_rnn.modules._make_encoder import GRIDS
from sklearn_rnn.modules.cells import ACTIVATIONS, CELLS
from sklearn_rnn.utils._diagram import DocLinkMixin
from sklearn_rnn.utils._param_names import ParamNamesMixin


class BaseRNN(DocLinkMixin, ParamNamesMixin, BaseEstimator):
    """Parameters of network and training, and what was learned, read and replaced as a whole.

    A subclass adds parameters and attributes of its own to both dictionaries.
    """

    _parameter_constraints: dict = {
        "vectorizer": [HasMethods(["fit_transform", "transform"]), None],
        "cell": [StrOptions({*CELLS, *GRIDS}), callable],
        "activation": [StrOptions(set(ACTIVATIONS))],
        "num_layers": [Interval(Integral, 1, None, closed="left")],
        "embedding_dim": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "hidden_size": [Interval(Integral, 1, None, closed="left")],
        "recurrent_init": [StrOptions(set(RECURRENT_INITS)), None],
        "forget_bias": [StrOptions({"chrono"}), Interval(Real, None, None, closed="neither"), None],
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
        "max_epochs": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "warm_start": ["boolean"],
        "checkpoint": [str, os.PathLike, None],
        "random_state": ["random_state"],
        "device": [str, torch.device],
        "precision": [StrOptions(set(PRECISIONS))],
        "kernels": ["boolean", StrOptions({"auto"})],
        "n_jobs": [Integral, None],
        "n_shards": [Interval(Integral, 1, None, closed="left")],
        "verbose": ["verbose"],
        "callbacks": [list, None],
        "skorch_params": [dict, None],
    }

    # What `fit` learns beside what the target does, and what it may be, as `_parameter_constraints`
    # says of parameters: `sklearn_rnn.save` writes these attributes, and `load` checks them. One
    # that may be None can be added in any release: in older files it counts as None.
    _learned_constraints: dict = {
        "vectorizer_": [HasMethods(["transform"]), None],
        "n_iter_": [Integral],
        "t_": [Integral],
        "loss_curve_": [list],
        "validation_scores_": [list, None],
        "best_validation_score_": [Real, None],
    }

    # The kinds of `y`, subclasses of Target.
    _targets: tuple = ()

    def _validate_params(self):
        """Check the parameters, and say how to pass word vectors that are a dict or a frame."""
        try:
            super()._validate_params()
        except ValueError as exc:
            hint = _how_to_pass_vectors(getattr(self, "embedding", None))
            if not hint or "'embedding'" not in str(exc):
                raise
            raise type(exc)(f"{exc} {hint}") from None

    def _take_over(self, net, vectorizer, learned, epochs, goes_on):
        """Take over what was learned, with the vectorizer that made the token ids."""
        self._take_over_all(net, {"vectorizer_": vectorizer}, learned, epochs, goes_on)

    def _take_over_all(self, net, vectorizers, learned, epochs, goes_on):
        """Take over everything that was learned at once: an interrupt finds all or nothing."""
        before = vars(self) if goes_on else {}
        counts = _count_training(epochs, before, early_stopping=self.early_stopping)
        of_another_kind = known_of(self._targets, self).keys() - learned.keys()
        with undone_unless_finished(LearnedState(self)):
            self.__dict__.update(net_=net, **vectorizers, **counts, **learned)
            for name in of_another_kind:
                delattr(self, name)

    def _reading(self):
        """Return what to hold while reading what was learned, so that it comes from one model."""
        return reading(self)

    def __getstate__(self):
        """Return what pickle and copy keep: one complete model, whatever another thread learns."""
        with lock_of(self).reading():
            state = dict(super().__getstate__())
            if getattr(state.get("net_"), "stream_", None) is not None:
                state["net_"] = deepcopy(state["net_"])  # the next chunk changes it in place
            return state

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

    def __sklearn_is_fitted__(self):
        return hasattr(self, "net_")

    @available_if(lambda self: hasattr(self, "net_"))
    def _sk_visual_block_(self):
        """Return what scikit-learn's diagram shows inside; if unfitted, the parameters."""
        with self._reading():
            model = vars(self).copy()
        vectorizers = {
            name.removesuffix("_"): value
            for name, value in model.items()
            if name.endswith("vectorizer_")
        }
        return diagram_of(model["net_"].module_, vectorizers)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        # Raw text, or token ids: integers that name words, as codes of categories do.
        tags.input_tags.string = True
        tags.input_tags.sparse = True
        tags.input_tags.categorical = True
        tags.input_tags.positive_only = True
        return tags


def _how_to_pass_vectors(embedding):
    """Return how to pass vectors in a dict or a data frame, empty for other values."""
    if isinstance(embedding, Mapping):
        return "Turn a dict of words and vectors into word vectors by WordVectors.from_dict."
    if hasattr(embedding, "columns"):
        return "Turn a data frame with the words as index into them by WordVectors.from_frame."
    return ""


def _count_training(epochs, before, *, early_stopping):
    """Return the attributes that count epochs and documents, added to those before.

    An interrupted epoch counts only its documents.
    """
    last_recorded = "valid_score" if early_stopping else "train_loss"
    finished = [row for row in epochs if last_recorded in row]
    sizes = [batch.get("train_batch_size", 0) for row in epochs for batch in row["batches"]]
    scores = [row["valid_score"] for row in finished] if early_stopping else None
    scores_before = before.get("validation_scores_")
    numbers = [score for score in scores or [] if score == score]  # not NaN
    return {
        "n_iter_": len(finished),
        "t_": before.get("t_", 0) + sum(sizes),
        "loss_curve_": before.get("loss_curve_", []) + [row["train_loss"] for row in finished],
        "validation_scores_": scores if scores is None else [*(scores_before or []), *scores],
        "best_validation_score_": max(numbers, default=None),
    }
