"""What a language model expected at each token of a text, and how wrong it was."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.sparse import csr_array
from scipy.special import logsumexp
from torch import Tensor

from sklearn_rnn._language.labels import check_known_labels
from sklearn_rnn._language.scoring import token_states
from sklearn_rnn._language.texts import Texts
from sklearn_rnn._sklearn_compat import Interval, validate_params
from sklearn_rnn._text.vocabulary import UNKNOWN_ID
from sklearn_rnn._training.document_words import DocumentWords
from sklearn_rnn._training.process_state import torch_workers
from sklearn_rnn.inspection._inspected_language_model import END_TOKEN, InspectedLanguageModel
from sklearn_rnn.modules._decoders import tokens_at_once


@validate_params(
    {"n_alternatives": [Interval(Integral, 0, None, closed="left")]},
    prefer_skip_nested_validation=True,
)
def surprise(estimator, X, y=None, *, n_alternatives=3):
    """Return how much each token surprised a language model, and what it expected instead.

    Parameters
    ----------
    estimator : estimator instance
        A fitted :class:`~sklearn_rnn.RNNLanguageModel`, a :class:`~sklearn.pipeline.Pipeline` that
        ends in one, or a fitted search over either, whose best estimator is used.

    X : iterable of str, or {sparse matrix, array-like} of shape (n_samples, n_positions)
        The texts, as in `score`.

    y : array-like of shape (n_samples,), default=None
        The labels of the texts, if the model was fitted with labels: it then expects what comes
        next given the label. None takes the mean over the labels, by how probable each is after the
        tokens so far. Ignored by a model without labels.

    n_alternatives : int, default=3
        How many of the most probable tokens to return at each place, fewer if the vocabulary
        is smaller.

    Returns
    -------
    surprise : DataFrame
        A row for each token that the model predicts. The columns are:

        document, position : int
            Which of the texts, and where in it. With ``documents=True``, the last position of each
            text is its end.
        token : str
            The token, spelled as in the text if the text is known, "<end>" at the end.
        known : bool
            Whether the vocabulary has the token. If not, it counts as "<unk>", all unknown tokens
            together.
        log_prob : float
            The natural logarithm of its probability, given the tokens before it, as
            `token_log_probs` returns it. The lower, the more surprising.
        rank : int
            1 if no token was more probable, 2 if one was, and so on.
        expected_1, probability_1, expected_2, ... : str and float
            The most probable tokens and their probabilities, the best one first. "<end>" is the end
            of the text.

    Raises
    ------
    TypeError
        If `estimator` is not a language model.
    ValueError
        If texts or labels are invalid, or if there is no token to predict.

    See Also
    --------
    SurpriseDisplay : Shade a text by surprise.
    sklearn_rnn.RNNLanguageModel.token_log_probs : Return only the log-probabilities.

    Examples
    --------
    >>> from sklearn_rnn import RNNLanguageModel
    >>> from sklearn_rnn.inspection import surprise
    >>> names = ["anna", "hanna", "johanna", "susanna", "marianna", "rosanna"] * 20
    >>> model = RNNLanguageModel(hidden_size=32, max_epochs=20, random_state=0).fit(names)
    >>> frame = surprise(model, ["hannah"], n_alternatives=1)
    >>> frame["token"].tolist()
    ['h', 'a', 'n', 'n', 'a', 'h', '<end>']
    >>> frame.loc[frame["log_prob"].idxmin(), ["token", "expected_1"]].tolist()
    ['h', '<end>']
    """
    inspected = InspectedLanguageModel(estimator)
    X = X if hasattr(X, "shape") else list(X)
    sequences = inspected.sequences(X)
    return surprise_frame(inspected, sequences, inspected.words(X, sequences), y, n_alternatives)


def surprise_frame(
    inspected: InspectedLanguageModel,
    sequences: csr_array,
    words: list[DocumentWords],
    y: Any,
    n_alternatives: int,
) -> pd.DataFrame:
    """Return the data frame of `surprise` for token ids and the words that they stand for."""
    model = inspected.estimator
    documents = model.documents_
    counts = Texts(sequences).count_tokens(documents=documents)
    if not counts.any():
        raise ValueError(
            f"X holds no token that {inspected.name} could predict. With documents=False, pass at "
            "least one text that is not empty."
        )
    found = expect_tokens(inspected, sequences, y, n_alternatives)
    end = [END_TOKEN] if documents else []
    columns = {
        "document": np.repeat(np.arange(len(counts)), counts),
        "position": np.concatenate([np.arange(count) for count in counts]),
        "token": [token for row in words for token in [*row.tokens, *end]],
        "known": found.are_known,
        "log_prob": found.log_probs,
        "rank": found.ranks,
    }
    names = inspected.id_names()
    for i, (ids, log_probs) in enumerate(
        zip(found.best_ids.T, found.best_log_probs.T, strict=True)
    ):
        columns |= {f"expected_{i + 1}": names[ids], f"probability_{i + 1}": np.exp(log_probs)}
    return pd.DataFrame(columns)


@dataclass
class Expectations:
    """What a model expects at each place, and how probable the actual token is.

    Parameters
    ----------
    are_known : ndarray of bool of shape (n_tokens,)
        Whether the vocabulary has the token.
    log_probs : ndarray of float64 of shape (n_tokens,)
        Log-probability of the token.
    ranks : ndarray of int64 of shape (n_tokens,)
        One more than the number of ids that are more probable.
    best_ids, best_log_probs : ndarray of shape (n_tokens, n_alternatives)
        The most probable ids.
    """

    are_known: np.ndarray
    log_probs: np.ndarray
    ranks: np.ndarray
    best_ids: np.ndarray
    best_log_probs: np.ndarray


def expect_tokens(
    inspected: InspectedLanguageModel, sequences: csr_array, y: Any, n_alternatives: int
) -> Expectations:
    """Return what a model expects at each token, averaged over its labels if `y` is None."""
    model, n_ids = inspected.estimator, inspected.n_ids
    labels, weights = [check_known_labels(y, sequences, model)], None
    if model.classes_ is not None and y is None:
        labels = [np.full(sequences.shape[0], label) for label in range(len(model.classes_))]
        weights = torch.from_numpy(_label_log_probs(inspected, sequences)).float()
    texts = Texts(sequences)
    targets = texts.to_scored_data(n_ids, documents=model.documents_).tokens[1:].astype(np.int64)
    states = [inspected.scorer.read(token_states, Texts(sequences, each)) for each in labels]
    n_best = min(n_alternatives, n_ids)
    parts = []
    with torch_workers(1), torch.inference_mode(), model.net_._autocast():
        for start in range(0, len(targets), at_once := tokens_at_once(n_ids)):
            rows = slice(start, start + at_once)
            by_label = [
                model.module_.log_probs(torch.from_numpy(each[rows]).to(inspected.device)).cpu()
                for each in states
            ]
            log_probs = by_label[0]
            if weights is not None:
                log_probs = (torch.stack(by_label) + weights[:, rows, None]).logsumexp(dim=0)
            parts.append(_look_up(log_probs, torch.from_numpy(targets[rows]), n_best))
    return Expectations(*(torch.cat(part).numpy() for part in zip(*parts, strict=True)))


def _look_up(log_probs: Tensor, targets: Tensor, n_best: int) -> tuple[Tensor, ...]:
    """Return, for some tokens, what `Expectations` hold."""
    chosen = log_probs.gather(1, targets[:, None])
    ranks = 1 + (log_probs > chosen).sum(dim=1)
    best, ids = log_probs.topk(n_best, dim=1)
    return targets != UNKNOWN_ID, chosen[:, 0].double(), ranks, ids, best.double()


def _label_log_probs(inspected: InspectedLanguageModel, sequences: csr_array) -> np.ndarray:
    """Return how probable each label is before each token, of shape (n_classes, n_tokens)."""
    model = inspected.estimator
    by_label = inspected.scorer.by_label(sequences)
    counts = Texts(sequences).count_tokens(documents=model.documents_)
    before = np.cumsum(by_label, axis=1) - by_label
    firsts = np.cumsum(counts) - counts
    joint = before - np.repeat(before[:, firsts], counts, axis=1) + model.class_log_prior_[:, None]
    return joint - logsumexp(joint, axis=0)
