"""export_onnx: a fitted estimator as an ONNX model."""

from __future__ import annotations

import os
from functools import singledispatch
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sklearn_rnn._classifier import RNNTextClassifier
from sklearn_rnn._encoder import RNNTextEncoder
from sklearn_rnn._files.atomic_write import write_atomically
from sklearn_rnn._language_model import RNNLanguageModel
from sklearn_rnn._regressor import RNNTextRegressor
from sklearn_rnn._subwords import SubwordVectorizer
from sklearn_rnn._token_classifier import RNNTokenClassifier
from sklearn_rnn._training.model_lock import lock_of
from sklearn_rnn._translator import RNNTranslator
from sklearn_rnn._vectorizer import SequenceVectorizer

from .documents import Documents, read_documents
from .language import add_step
from .metadata import describe
from .modules import encode, translate
from .tagging import add_tagger
from .translation import PARTS

if TYPE_CHECKING:
    from onnx import ModelProto

    from .graph import Graph


def export_onnx(
    estimator: Any, path: str | os.PathLike | None = None, *, part: str | None = None
) -> ModelProto:
    """Export a fitted estimator as an ONNX model, which runs without Python and PyTorch.

    The model contains the whole network, from token ids to what the estimator predicts: labels and
    probabilities, numbers, or vectors. It reads documents of any number and length, and gives the
    same results as the estimator: padding is not read, an empty document is one unknown token, and
    an id beyond the vocabulary is the unknown token.

    For a language model, it contains one step: from a token of each text and the state before it to
    the log-probabilities of the next token and the state after it.

    A translator becomes two models, one for each `part`: the encoder reads whole sources, and the
    decoder computes one step of their targets.

    The model does not split text. Its metadata says how a program can do that.

    Parameters
    ----------
    estimator : RNNTextClassifier, RNNTextRegressor, RNNTextEncoder, RNNTokenClassifier, \
            RNNLanguageModel, RNNTranslator or Pipeline
        The fitted estimator, or a pipeline of a :class:`SequenceVectorizer` or
        :class:`SubwordVectorizer` and one.

    path : str or path-like, default=None
        Where to write the model, usually a name that ends in ".onnx". An existing file is replaced
        in one step. None writes nothing.

    part : {"encoder", "decoder"} or None, default=None
        Which part of a translator to export. Must be None for other estimators.

    Returns
    -------
    model : onnx.ModelProto
        The model. Its input is `token_ids`, int32 of shape (n_documents, n_positions), padded with
        0. Its outputs depend on the estimator. For a classifier, they are `label`, of shape
        (n_documents,) or, for many labels, (n_documents, n_classes), and `probabilities`, float32
        of shape (n_documents, n_classes); for a regressor `prediction`, float64 of shape
        (n_documents,) or (n_documents, n_outputs); for an encoder `vector`, float32 of shape
        (n_documents, n_features_out).

        A tagger also has the input `code_points`, int32 of shape (n_documents, n_positions,
        n_characters): the Unicode code points of each token as it is spelled, with 0 after its
        last character. It is absent if the tagger was fitted on token ids. Tokens start at the
        first position. The outputs are `label`, of shape (n_documents, n_positions), and
        `probabilities`, float32 of shape (n_documents, n_positions, n_classes), as `predict` and
        `predict_proba` return them; padding has an empty text or 0, and probabilities of 0.

        A language model has the inputs `token_ids`, int32 of shape (n_documents,), with 0 as the
        token before a text; if it was fitted with labels, `label`, int64 of shape (n_documents,),
        the places of the labels in `classes`; and `state_0`, `state_1` and so on, float32 of shape
        (n_documents, n_features), all zeros before a text. Its outputs are `log_probs`, float32 of
        shape (n_documents, n_ids), in which 0 is the end of a text, and the states after the token,
        `next_state_0` and so on.

        The encoder of a translator has the input `token_ids`, int32 of shape (n_documents,
        n_positions), or for rows of vectors `regions`, float32 of shape (n_documents, n_regions,
        n_features), and `lengths`, int32 of shape (n_documents,), the number of regions of each.
        Its outputs are what the decoder needs at each step: `keys` and `values`, float32 of shape
        (n_documents, n_positions, n_features); `is_position`, bool of shape (n_documents,
        n_positions), False in padding; and `start`, float32 of shape (n_documents, n_features).
        The decoder takes these, the `token_ids` of shape (n_documents,), with 0 before a target,
        and states, as a language model does. Its outputs are also those of a language model, and
        `attention`, float32 of shape (n_documents, n_positions).

    Raises
    ------
    ImportError
        If onnx is not installed.
    NotFittedError
        If the estimator is not fitted.
    ValueError
        If `part` is missing for a translator, or given for another estimator.
    NotImplementedError
        If the network contains a module that cannot be translated, such as a cell of your own
        that is not written as steps of functions of torch.

    Notes
    -----
    The metadata, texts in JSON, are `classes`, the list of labels or tags; `vocabulary`, the
    id of each token; and `vectorizer`, the parameters that say how text is split, functions among
    them by their name. The last two are absent if the estimator was fitted on token ids. For a
    :class:`SubwordVectorizer`, `tokenizer` is its `tokenizer_json_`, which gives the ids of the
    input. A language model also has `documents` and `reverse`, the parameters with which it was
    fitted. The metadata of a translator's encoder describe the sources, and those of its decoder
    the targets.

    The model computes in float32, even if the estimator has ``precision="bfloat16"``.

    Examples
    --------
    >>> from sklearn_rnn import RNNTextClassifier, export_onnx
    >>> clf = RNNTextClassifier(max_epochs=1, random_state=0)
    >>> clf.fit(["good, not bad", "bad, not good"], ["positive", "negative"])
    RNNTextClassifier(max_epochs=1, random_state=0)
    >>> model = export_onnx(clf)
    >>> [output.name for output in model.graph.output]
    ['label', 'probabilities']
    """
    Graph = _import_graph()
    estimator, vectorizer = _split_pipeline(estimator)
    _check_part(estimator, part)
    graph = Graph()
    with lock_of(estimator).reading():
        estimator.module_.eval()  # as every prediction leaves it
        add_network(estimator, graph, part)
        # That of a pipeline reads what goes in. Others go with the network of this moment.
        if vectorizer is None or part == "decoder":
            vectorizer = getattr(estimator, _VECTORIZERS[part])
        model = graph.model(describe(estimator, vectorizer))
    if path is not None:
        write_atomically(path, model.SerializeToString())
    return model


# By part, where an estimator keeps the vectorizer of its input.
_VECTORIZERS = {
    None: "vectorizer_",
    "encoder": "source_vectorizer_",
    "decoder": "target_vectorizer_",
}


def _check_part(estimator: Any, part: str | None) -> None:
    """Check that a part is named if and only if the estimator is exported in parts."""
    allowed = [*PARTS] if isinstance(estimator, RNNTranslator) else [None]
    if part not in allowed:
        raise ValueError(
            f"For {type(estimator).__name__}, the 'part' of export_onnx must be "
            f"{' or '.join(map(repr, allowed))}. Got {part!r} instead."
        )


def _import_graph() -> type[Graph]:
    try:
        import onnx  # noqa: F401
    except ImportError as exc:
        raise ImportError(
            "export_onnx needs the package onnx. Install it by `pip install sklearn-rnn[onnx]`."
        ) from exc
    from .graph import Graph

    return Graph


def _split_pipeline(estimator: Any) -> tuple:
    """Return a fitted estimator of documents, and the vectorizer before it or None."""
    if not isinstance(estimator, Pipeline):
        _check_is_exportable(estimator)
        return estimator, None
    steps = [step for _, step in estimator.steps]
    if len(steps) != 2 or not isinstance(steps[0], (SequenceVectorizer, SubwordVectorizer)):
        raise ValueError(
            "A pipeline for export_onnx must be a SequenceVectorizer or SubwordVectorizer and an "
            "estimator. Got steps "
            f"of {', '.join(type(step).__name__ for step in steps)}. Pass the fitted estimator "
            "alone, and give its model the token ids that the other steps make."
        )
    vectorizer, estimator = steps
    _check_is_exportable(estimator)
    return estimator, vectorizer


def _check_is_exportable(estimator: Any) -> None:
    """Check that an estimator is fitted and of a class that `add_network` knows."""
    if add_network.dispatch(type(estimator)) is add_network.dispatch(object):
        known = " or ".join(
            class_.__name__ for class_ in add_network.registry if class_ is not object
        )
        raise TypeError(
            f"The 'estimator' of export_onnx must be a fitted {known}, or a pipeline of a "
            f"SequenceVectorizer or SubwordVectorizer and one. Got {estimator!r}."
        )
    check_is_fitted(estimator)


@singledispatch
def add_network(estimator: Any, graph: Graph, part: str | None) -> None:
    """Add the input and the network of an estimator, and turn its outputs into predictions.

    Each class of estimators registers a function of its own.

    Parameters
    ----------
    estimator : estimator instance
        The fitted estimator.
    graph : Graph
        The graph.
    part : str or None
        Which part of the network, None for all of it.
    """
    raise NotImplementedError


def _add_documents(graph: Graph) -> Documents:
    """Add the input of an estimator of documents."""
    token_ids = graph.input("token_ids", np.int32, ["n_documents", "n_positions"])
    with graph.scope("Documents"):
        return read_documents(graph, token_ids)


@add_network.register(RNNTextClassifier)
def _(estimator: RNNTextClassifier, graph: Graph, part: None) -> None:
    logits = translate(graph, estimator.module_, _add_documents(graph))
    columns: list[str | int] = ["n_documents", len(estimator.classes_)]
    if estimator.multilabel_:
        label = graph.cast(graph.add("Greater", logits, 0.0), np.int64)
        graph.output("label", label, np.int64, columns)
        probabilities = graph.add("Sigmoid", logits)
    else:
        classes = _as_labels(estimator.classes_)
        label = graph.add("Gather", classes, graph.add("ArgMax", logits, axis=1, keepdims=0))
        graph.output("label", label, classes.dtype.type, ["n_documents"])
        probabilities = graph.add("Softmax", logits, axis=1)
    graph.output("probabilities", probabilities, np.float32, columns)


@add_network.register(RNNTextRegressor)
def _(estimator: RNNTextRegressor, graph: Graph, part: None) -> None:
    outputs = translate(graph, estimator.module_, _add_documents(graph))
    shape = estimator.y_scale_.shape
    if not shape:
        outputs = graph.add("Squeeze", outputs, [1])
    # In float64, as `predict`: large numbers keep their digits.
    outputs = graph.cast(outputs, np.float64)
    if estimator.out_activation_ == "exp":
        outputs = graph.add("Exp", outputs)
    prediction = graph.add("Mul", outputs, np.asarray(estimator.y_scale_, np.float64))
    prediction = graph.add("Add", prediction, np.asarray(estimator.y_offset_, np.float64))
    graph.output("prediction", prediction, np.float64, ["n_documents", *shape])


@add_network.register(RNNTextEncoder)
def _(estimator: RNNTextEncoder, graph: Graph, part: None) -> None:
    module = estimator.module_
    vector = encode(graph, module, _add_documents(graph))
    graph.output("vector", vector, np.float32, ["n_documents", module.head.in_features])


@add_network.register(RNNLanguageModel)
def _(estimator: RNNLanguageModel, graph: Graph, part: None) -> None:
    add_step(graph, estimator.module_)


@add_network.register(RNNTokenClassifier)
def _(estimator: RNNTokenClassifier, graph: Graph, part: None) -> None:
    add_tagger(graph, estimator.module_, _as_labels(estimator.classes_), estimator.characters_)


@add_network.register(RNNTranslator)
def _(estimator: RNNTranslator, graph: Graph, part: str) -> None:
    PARTS[part](graph, estimator.module_)


def _as_labels(classes: np.ndarray) -> np.ndarray:
    """Return the classes in a type that ONNX has: int64, float64, bool, or str as objects.

    Integers beyond int64 stay uint64.
    """
    kind = classes.dtype.kind
    if kind in "iu":
        return classes if classes.max() > np.iinfo(np.int64).max else classes.astype(np.int64)
    if kind in "fb":
        return classes.astype(np.float64 if kind == "f" else bool)
    if all(isinstance(label, str) for label in classes.tolist()):
        return np.array(list(map(str, classes)), dtype=object)
    raise TypeError(
        "Labels of an ONNX model must be numbers, bool or str. "
        f"Got classes_ of type {type(classes.tolist()[0]).__name__}."
    )
