"""How much each token of a document contributes to the score of a class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.sparse import csr_array

from sklearn_rnn._sklearn_compat import Interval, validate_params
from sklearn_rnn._text.sequences import sequences_from_flat
from sklearn_rnn._text.vocabulary import UNKNOWN_ID
from sklearn_rnn._training.batches import SequenceDataset
from sklearn_rnn._training.document_words import DocumentWords
from sklearn_rnn._training.process_state import torch_workers
from sklearn_rnn.inspection._inspected_estimator import InspectedEstimator
from sklearn_rnn.inspection._wide_path import attribute_wide_path
from sklearn_rnn.modules import PackedLayout
from sklearn_rnn.modules._unique_rows import dense

METHODS = ("integrated_gradients", "occlusion")

# Bound on the tokens of a batch whose gradient is taken.
_MAX_TOKENS = 2**14


@dataclass
class ExplainedOutput:
    """The score to explain: a weighted sum of the network's outputs.

    Parameters
    ----------
    name : object
        The class, or the number of the output.
    weights : ndarray of float32 of shape (n_outputs,)
        Weight of each output in the score.
    probability : float or None, default=None
        The probability of the class. None if the estimator predicts none.
    """

    name: Any
    weights: np.ndarray
    probability: float | None = None

    def describe(self) -> str:
        """Return the class with its probability, or the name of the output."""
        if self.probability is None:
            return str(self.name)
        return f"{self.name}, probability {self.probability:.2f}"


@dataclass
class Importance:
    """The importance of the tokens of a document, and what it was computed from.

    Parameters
    ----------
    words : DocumentWords
        Words of the document.
    values : dict of str to ndarray of float64 of shape (n_tokens,)
        By method.
    target : ExplainedOutput
        What is explained.
    score : float
        The score of the document.
    baseline_score : float
        The score of a document of as many unknown tokens.
    explained : str
        Which parts of the estimator the score comes from.
    """

    words: DocumentWords
    values: dict[str, np.ndarray]
    target: ExplainedOutput
    score: float
    baseline_score: float
    explained: str

    def to_frame(self) -> pd.DataFrame:
        """Return the frame of `token_importance`."""
        frame = pd.DataFrame(
            {
                "position": np.arange(len(self.words.tokens)),
                "token": self.words.tokens,
                **self.values,
            }
        )
        frame.attrs = {
            "target": self.target.name,
            "score": self.score,
            "baseline_score": self.baseline_score,
        }
        if "integrated_gradients" in self.values:
            frame.attrs["completeness_gap"] = self.completeness_gap
        return frame

    @property
    def completeness_gap(self) -> float:
        """Sum of the integrated gradients, minus what it should be."""
        total = self.values["integrated_gradients"].sum()
        return float(total - (self.score - self.baseline_score))


@validate_params(
    {
        "methods": ["array-like"],
        "n_steps": [Interval(Integral, 1, None, closed="left")],
    },
    prefer_skip_nested_validation=True,
)
def token_importance(estimator, document, *, target=None, methods=METHODS, n_steps=32):
    """Compute how much each token of a document contributes to the score of a class.

    Parameters
    ----------
    estimator : estimator instance
        A fitted text estimator, a :class:`~sklearn.pipeline.Pipeline` that ends in one, or a
        fitted search over either, whose best estimator is used.

    document : str, array-like of int of shape (n_tokens,), or container of one document
        The document: text; token ids, if the estimator was fitted on ids; or an input of
        `predict` with a single row.

    target : label, default=None
        The class to explain, one of `classes_`. None explains the predicted class.

    methods : sequence of {"integrated_gradients", "occlusion"}, \
            default=("integrated_gradients", "occlusion")
        Methods to compute importance with. The time that "occlusion" takes grows with the square
        of the document's length.

    n_steps : int, default=32
        Number of points at which integrated gradients evaluate the gradient. More points are more
        precise and slower. Ignored by other methods.

    Returns
    -------
    importance : DataFrame of shape (n_tokens, 2 + n_methods)
        A row for each token. The columns are `position`, `token`, and each of `methods`. A positive
        value is evidence for the class, a negative one evidence against it. ``importance.attrs``
        holds `target`, `score`, `baseline_score` and, with "integrated_gradients",
        `completeness_gap`.

    See Also
    --------
    TokenImportanceDisplay : Draw the importance of tokens as bars.
    ShadedDocument : Shade the words of a document by their importance.

    Notes
    -----
    The score that is explained is the logit of the class minus the mean logit of the other classes.
    With two classes it is `decision_function`, or its negative.

    Both methods explain the whole prediction: the recurrent network and the wide path, each
    weighted by its share.

    Integrated gradients attribute the change of the score when the vectors of all tokens move in a
    straight line from that of the unknown token to their own. The wide path is linear in words and
    runs of words, so their contributions are added as they are; a run's is shared by its words.
    The importances sum to `score` minus `baseline_score`, up to the error of the numerical
    integration, `completeness_gap`, which more `n_steps` reduce.

    Occlusion is the decrease of the score when the token is replaced by the unknown token.

    References
    ----------
    Sundararajan, M., Taly, A. and Yan, Q., "Axiomatic attribution for deep networks", ICML (2017).

    Examples
    --------
    >>> from sklearn_rnn import RNNTextClassifier
    >>> from sklearn_rnn.inspection import token_importance
    >>> X = ["a good film", "a bad film"] * 20
    >>> y = ["praise", "complaint"] * 20
    >>> clf = RNNTextClassifier(max_epochs=5, random_state=0).fit(X, y)
    >>> importance = token_importance(clf, "a good film", target="praise")
    >>> importance.set_index("token")["occlusion"].idxmax()
    'good'
    """
    return compute_importance(estimator, document, target, methods, n_steps).to_frame()


def compute_importance(
    estimator: Any, document: Any, target: Any, methods: Sequence[str], n_steps: int = 32
) -> Importance:
    """Return what `token_importance` turns into a frame."""
    unknown = [method for method in methods if method not in METHODS]
    if unknown or isinstance(methods, str) or not len(methods):
        raise ValueError(
            f"The 'methods' parameter must hold some of {list(METHODS)}. Got {methods!r} instead."
        )
    inspected = InspectedEstimator(estimator)
    sequence, words = inspected.read(document)
    tokens = SequenceDataset(sequence).tokens
    with torch_workers(1), torch.inference_mode(False):
        outputs = _outputs(inspected, tokens[None])[0]
        target = _resolve_target(inspected, target, outputs)
        target.probability = _probability(inspected, sequence, target)
        score = float(outputs @ target.weights)
        integrated, change = integrate_gradients(inspected, tokens, target.weights, n_steps)
        through_wide_path = attribute_wide_path(
            inspected, SequenceDataset(sequence), target.weights
        )
        integrated += through_wide_path
        change += through_wide_path.sum()
        values = {"integrated_gradients": integrated}
        if "occlusion" in methods:
            occluded = occlude(inspected, tokens) @ target.weights.astype(np.float64)
            values["occlusion"] = score - occluded
    return Importance(
        words,
        {method: values[method] for method in methods},
        target,
        score,
        score - change,
        inspected.explained,
    )


def integrate_gradients(
    inspected: InspectedEstimator, tokens: np.ndarray, weights: np.ndarray, n_steps: int
) -> tuple[np.ndarray, float]:
    """Return integrated gradients, and the change of the score that they should add up to.

    Parameters
    ----------
    inspected : InspectedEstimator
        The estimator to inspect.
    tokens : ndarray of int32 of shape (n_tokens,)
        The document.
    weights : ndarray of float32 of shape (n_outputs,)
        Weight of each output in the score.
    n_steps : int
        Points of the Gauss-Legendre quadrature.
    """
    nodes, node_weights = np.polynomial.legendre.leggauss(n_steps)
    shares, share_weights = (nodes + 1) / 2, node_weights / 2
    n_chunks = min(n_steps, -(-n_steps * len(tokens) // _MAX_TOKENS))
    output_weights = torch.from_numpy(weights).to(inspected.device)
    total = np.zeros(len(tokens))
    inspected.evaluation()
    chunks = np.array_split(shares, n_chunks), np.array_split(share_weights, n_chunks)
    for chunk, chunk_weights in zip(*chunks, strict=True):
        point, difference, scores = _score_between(inspected, tokens, output_weights, chunk)
        (grad,) = torch.autograd.grad(scores.sum(), point)
        along = (grad * difference).sum(dim=1).double().cpu().numpy()
        # Documents of one length: packed order is a row for each token, a column for each document.
        total += along.reshape(len(tokens), -1) @ chunk_weights
    _, _, ends = _score_between(inspected, tokens, output_weights, np.array([0.0, 1.0]))
    before, after = ends.detach().tolist()
    return inspected.deep_weight * total, inspected.deep_weight * (after - before)


def _score_between(inspected, tokens, weights, shares):
    """Score the document with token vectors this far on their way from that of the unknown token.

    Returns the vectors and their distance from the start, both in packed order, and the scores.
    """
    deep, device = inspected.deep, inspected.device
    n_documents = len(shares)
    rows = np.arange(n_documents)
    repeated = sequences_from_flat(np.tile(tokens, n_documents), np.full(n_documents, len(tokens)))
    batch, _ = SequenceDataset(repeated).batch(rows)
    ids = batch.parts[0].to(device)
    layout = PackedLayout(ids.batch_sizes, ids.data.device)
    share = torch.tensor(shares, dtype=torch.float32, device=device)[layout.documents][:, None]
    kept: dict[str, torch.Tensor] = {}

    def move(module, args, vectors):
        # Each token gets a gradient of its own, also where its vector is that of another one.
        vectors = dense(vectors).detach()
        difference = vectors - unknown
        kept["difference"] = difference
        kept["point"] = (unknown + share * difference).requires_grad_()
        return kept["point"]

    with (
        torch.inference_mode(False),
        torch.enable_grad(),
        torch.autocast(device.type, enabled=False),
        # cuDNN has no gradient for networks in evaluation.
        torch.backends.cudnn.flags(enabled=False),
    ):
        unknown = deep.embedding(torch.tensor([UNKNOWN_ID], device=device)).detach()
        hook = deep.embedding.register_forward_hook(move)
        try:
            scores = deep(ids) @ weights
        finally:
            hook.remove()
    return kept["point"], kept["difference"], scores


def occlude(inspected: InspectedEstimator, tokens: np.ndarray) -> np.ndarray:
    """Return the outputs with each token in turn unknown, shape (n_tokens, n_outputs)."""
    n_tokens = len(tokens)
    outputs = []
    n_at_once = max(1, 2**20 // n_tokens)
    for first in range(0, n_tokens, n_at_once):
        places = np.arange(first, min(first + n_at_once, n_tokens))
        documents = np.repeat(tokens[None], len(places), axis=0)
        documents[np.arange(len(places)), places] = UNKNOWN_ID
        outputs.append(_outputs(inspected, documents))
    return np.concatenate(outputs).astype(np.float64)


def _outputs(inspected: InspectedEstimator, documents: np.ndarray) -> np.ndarray:
    sequences: csr_array = sequences_from_flat(
        documents.ravel(), np.full(len(documents), documents.shape[1])
    )
    return inspected.estimator.net_.outputs(SequenceDataset(sequences))


def _probability(
    inspected: InspectedEstimator, sequence: csr_array, target: ExplainedOutput
) -> float | None:
    """Return the probability of the class that is explained, None if there is none."""
    estimator = inspected.estimator
    if not hasattr(estimator, "predict_proba"):
        return None
    place = estimator.classes_.tolist().index(target.name)
    return float(estimator.predict_proba(sequence)[0, place])


def _resolve_target(
    inspected: InspectedEstimator, target: Any, outputs: np.ndarray
) -> ExplainedOutput:
    n_outputs = len(outputs)
    classes = getattr(inspected.estimator, "classes_", None)
    names = list(range(n_outputs)) if classes is None else np.asarray(classes).tolist()
    if target is None:
        place = int(outputs.argmax())
    elif target in names:
        place = names.index(target)
    else:
        raise ValueError(
            f"The 'target' parameter must be None or one of the classes {names}. "
            f"Got {target!r} instead."
        )
    weights = np.zeros(n_outputs, dtype=np.float32)
    # Only differences between the logits of a softmax mean something.
    if isinstance(inspected.estimator.net_.criterion_, torch.nn.CrossEntropyLoss):
        weights -= 1 / (n_outputs - 1)
    weights[place] = 1
    return ExplainedOutput(names[place], weights)
