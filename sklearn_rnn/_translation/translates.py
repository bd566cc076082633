"""The methods of a translator that translate: search, scores and attention."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils import check_consistent_length

from sklearn_rnn._sklearn_compat import Interval, StrOptions, validate_parameter_constraints
from sklearn_rnn._training.documents import check_weights
from sklearn_rnn._training.model_lock import reading
from sklearn_rnn._training.process_state import prediction_workers
from sklearn_rnn._training.settings import count_workers
from sklearn_rnn._training.vectorize import vectorize
from sklearn_rnn._translation.data import PairData
from sklearn_rnn._translation.pairs import as_list, as_sources, read_sources, read_targets
from sklearn_rnn._translation.translate import (
    find_targets,
    pairs_of_best,
    read_attention,
    tokens_to_copy,
    write_targets,
)
from sklearn_rnn._translation.write import TargetWriter

BEAM_CONSTRAINTS: dict = {
    "beam_size": [Interval(Integral, 1, None, closed="left")],
    "length_penalty": [Interval(Real, None, None, closed="neither")],
    "max_new_tokens": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    "replace_unknown": ["boolean"],
}


class Translates:
    """Mixin of a translator: its translations, their probability, and its attention.

    The translator has the parameters of the search and `n_jobs`, and has learned both vectorizers,
    `writes_tokens_`, `spacing_`, `longest_target_` and `net_`.
    """

    source_vectorizer_: Any
    target_vectorizer_: Any
    writes_tokens_: bool
    spacing_: dict | None
    longest_target_: int
    net_: Any
    n_jobs: int | None

    def predict(self, X):
        """Translate each source, with the search that the parameters describe.

        Parameters
        ----------
        X : iterable of str, or array-like of shape (n_samples, n_regions, n_features)
            The sources, as in `fit`.

        Returns
        -------
        y : ndarray of object of shape (n_samples,)
            The targets, str, or lists of tokens if those of `fit` were.

        See Also
        --------
        translate : Translate with another search, or into several targets each.
        """
        return self.translate(X)

    def translate(
        self,
        X,
        *,
        beam_size=None,
        length_penalty=None,
        max_new_tokens=None,
        replace_unknown=None,
        n_best=None,
        return_scores=False,
    ):
        """Translate each source, with the settings of the search given here.

        Parameters
        ----------
        X : iterable of str, or array-like of shape (n_samples, n_regions, n_features)
            The sources, as in `fit`.

        beam_size : int, default=None
            See the parameter of the class. None takes its value there, here and for the next ones.

        length_penalty : float, default=None
            See the parameter of the class.

        max_new_tokens : int or "auto", default=None
            See the parameter of the class.

        replace_unknown : bool, default=None
            See the parameter of the class.

        n_best : int, default=None
            Number of targets to return for each source, the best first, at most `beam_size`. There
            are fewer if a source does not have as many. None returns only the best one.

        return_scores : bool, default=False
            Whether to also return the scores of the targets.

        Returns
        -------
        y : ndarray of object of shape (n_samples,), or list of lists
            The targets: one for each source, or a list for each if `n_best` is an int.

        scores : ndarray of float64 of shape (n_samples,), or list of ndarrays
            The logarithm of the probability of each target, divided by its number of tokens, the
            end included, to the power of `length_penalty`. Only returned if `return_scores` is
            True.

        Raises
        ------
        ValueError
            If a setting is invalid, if `X` is of another kind than in `fit`, or if
            ``replace_unknown=True`` and the sources are not text.
        """
        X = as_list(X)
        with reading(self):
            settings = self._search_settings(
                beam_size=beam_size,
                length_penalty=length_penalty,
                max_new_tokens=max_new_tokens,
                replace_unknown=replace_unknown,
            )
            n_wanted = 1 if n_best is None else n_best
            _check_n_best(n_wanted, settings["beam_size"])
            copied = None
            if settings["writes_unknown"]:
                copied = tokens_to_copy(X, self.source_vectorizer_, self)
            found = self._find(X, **settings)
            writer = self._make_writer()
        found = [targets[:n_wanted] for targets in found]
        texts = write_targets(found, writer, copied)
        scores = [np.array([each.score for each in targets]) for targets in found]
        if n_best is None:
            best = _as_objects([text for (text,) in texts])
            return (best, np.concatenate(scores)) if return_scores else best
        return (texts, scores) if return_scores else texts

    def score(self, X, y, sample_weight=None):
        """Return the share of sources whose translation equals the target.

        Parameters
        ----------
        X : iterable of str, or array-like of shape (n_samples, n_regions, n_features)
            The sources, as in `fit`.

        y : iterable of str
            The targets, as in `fit`.

        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each pair. None weighs all equally.

        Returns
        -------
        score : float
            Between 0 and 1.
        """
        with reading(self):
            predicted = self.predict(X)
            targets = read_targets(y, self.target_vectorizer_, self)
        check_consistent_length(predicted, targets)
        weights = check_weights(sample_weight, targets)
        equal = [a == b for a, b in zip(predicted, targets, strict=True)]
        return float(np.average(equal, weights=weights))

    def log_prob(self, X, y):
        """Return the log-probability of each target, given its source.

        Parameters
        ----------
        X : iterable of str, or array-like of shape (n_samples, n_regions, n_features)
            The sources, as in `fit`.

        y : iterable of str
            The targets, as in `fit`.

        Returns
        -------
        log_probs : ndarray of float64 of shape (n_samples,)
            The natural logarithms, the end of the target included.
        """
        with reading(self):
            data = self._make_pairs(X, y)
            with prediction_workers(count_workers(self.n_jobs)):
                return -self.net_.token_losses(data)

    def attention_weights(self, X, y=None):
        """Return how much attention each token of a target pays to each token of its source.

        Parameters
        ----------
        X : iterable of str, or array-like of shape (n_samples, n_regions, n_features)
            The sources, as in `fit`.

        y : iterable of str, default=None
            The targets. None takes what `predict` writes.

        Returns
        -------
        weights : list of ndarray of float32 of shape (n_target_tokens, n_source_tokens)
            Each row sums to 1. The end of a target has no row. An empty source has one column.
        """
        return self._attend(X, y)[0]

    def _attend(self, X, y):
        """Return the attention of each pair, the sources and the target ids."""
        X = as_list(X)
        with reading(self):
            if y is None:
                settings = self._search_settings(
                    **dict.fromkeys(("beam_size", "length_penalty", "max_new_tokens")),
                    replace_unknown=None,
                )
                targets = pairs_of_best(self._find(X, **settings))
                sources = self._read_sources(X)
            else:
                sources, targets = self._read_pairs(X, y)
            with prediction_workers(count_workers(self.n_jobs)):
                weights = read_attention(self.net_, as_sources(sources), targets)
        return weights, sources, targets

    def _search_settings(self, **given):
        """Return the settings of a search: what was given, otherwise those of the estimator."""
        settings = {
            name: getattr(self, name) if value is None else value for name, value in given.items()
        }
        validate_parameter_constraints(
            BEAM_CONSTRAINTS, settings, caller_name=f"{type(self).__name__}.translate"
        )
        if settings["max_new_tokens"] == "auto":
            settings["max_new_tokens"] = 2 * self.longest_target_ + 1
        settings["writes_unknown"] = settings.pop("replace_unknown")
        return settings

    def _find(self, X, **settings):
        """Return the targets that the search finds for sources."""
        sources = self._read_sources(X)
        with prediction_workers(count_workers(self.n_jobs)):
            return find_targets(self.net_, as_sources(sources), **settings)

    def _read_sources(self, X):
        """Return sources as the network reads them."""
        return read_sources(X, self.source_vectorizer_, self.net_.module_.n_region_features, self)

    def _read_pairs(self, X, y):
        y = read_targets(y, self.target_vectorizer_, self)
        sources = self._read_sources(X)
        targets = vectorize(y, self.target_vectorizer_, self, name="y")
        check_consistent_length(sources, targets)
        return sources, targets

    def _make_pairs(self, X, y):
        sources, targets = self._read_pairs(as_list(X), y)
        return PairData(as_sources(sources), targets, self.net_.module_.decoder.n_ids)

    def _make_writer(self):
        return TargetWriter(
            self.target_vectorizer_, as_tokens=self.writes_tokens_, spacing=self.spacing_
        )


def _check_n_best(n_best, beam_size):
    if not (isinstance(n_best, Integral) and 1 <= int(n_best) <= beam_size):
        raise ValueError(
            f"'n_best' must be an int from 1 to beam_size={beam_size}: a beam finds no more. "
            f"Got {n_best!r}."
        )


def _as_objects(values):
    """Return values, which may be lists, as an array of objects."""
    array = np.empty(len(values), object)
    array[:] = values
    return array
