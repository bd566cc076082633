"""Everything that a network computes while it reads a document."""

from __future__ import annotations

from numbers import Integral

import numpy as np
import pandas as pd

from sklearn_rnn._sklearn_compat import Interval, StrOptions, validate_params
from sklearn_rnn.inspection._gates import gates
from sklearn_rnn.inspection._inspected_language_model import inspect_estimator
from sklearn_rnn.inspection._reading import read_prefixes
from sklearn_rnn.inspection._recording import LayerRecord, record_document


class Trace:
    """States, gates and predictions of a network at each token of a document.

    Create it with :func:`trace`.

    Parameters
    ----------
    words : DocumentWords
        Words of the document, and their places in its text.

    arrays : dict of (int, str, str) to ndarray of shape (n_tokens, hidden_size)
        What was recorded, by layer, direction and quantity.

    readings : ndarray of shape (n_tokens, n_outputs) or None, default=None
        Prediction after each token.

    output_names : list or None, default=None
        Names of the columns of `readings`.

    head_attention : ndarray of shape (n_tokens, n_heads) or None, default=None
        Weights of attention pooling.

    explained : str, default="recurrent network"
        Parts of the estimator that make the predictions in `readings`.

    Attributes
    ----------
    tokens : list of str
        Tokens that the network read, spelled as in the text if the text is known.

    quantities : list of str
        What was recorded of each unit. "hidden_state" is always recorded. A cell with a memory adds
        "cell_state", and a cell with gates adds those, such as "forget_gate", and its "candidate".
        The user guide lists them under Cells. In a Grid LSTM, "hidden_state" and "cell_state" are
        those passed up from layer to layer.

    readings : ndarray of shape (n_tokens, n_outputs) or None
        Prediction after each token: class probabilities for a classifier. NaN after tokens
        without a prediction. None if the estimator does not predict.

    output_names : list or None
        Names of the columns of `readings`: the classes of a classifier.

    attention : ndarray of shape (n_tokens,) or None
        Attention weight of each token, averaged over the heads. The weights sum to 1. None unless
        `pooling` is "attention" or "multihead_attention".

    head_attention : ndarray of shape (n_tokens, n_heads) or None
        Attention weight of each token in each head. "attention" has one head.

    See Also
    --------
    trace : Record what a network computes on a document.
    """

    def __init__(
        self,
        words,
        arrays,
        *,
        readings=None,
        output_names=None,
        head_attention=None,
        explained="recurrent network",
    ):
        self.words = words
        self.arrays = arrays
        self.readings = readings
        self.output_names = output_names
        self.head_attention = head_attention
        self.attention = None if head_attention is None else head_attention.mean(axis=1)
        self.explained = explained

    @property
    def tokens(self):
        """Tokens that the network read."""
        return self.words.tokens

    @property
    def n_layers(self):
        """Number of recurrent layers."""
        return 1 + max(layer for layer, _, _ in self.arrays)

    @property
    def directions(self):
        """Directions of reading: "forward", and "backward" in a bidirectional network."""
        return list(dict.fromkeys(direction for _, direction, _ in self.arrays))

    @property
    def quantities(self):
        """What was recorded of each unit."""
        return list(dict.fromkeys(quantity for _, _, quantity in self.arrays))

    def get(self, quantity="hidden_state", *, layer=-1, direction="forward"):
        """Return one quantity of a layer's units.

        Parameters
        ----------
        quantity : str, default="hidden_state"
            One of `quantities`.

        layer : int, default=-1
            Number of the layer: 0 is the lowest, -1 the highest.

        direction : {"forward", "backward"}, default="forward"
            Direction of reading. "backward" needs a bidirectional network.

        Returns
        -------
        values : ndarray of float32 of shape (n_tokens, hidden_size)
            The values, in the order of the text for both directions.
        """
        if not (isinstance(layer, Integral) and -self.n_layers <= layer < self.n_layers):
            raise ValueError(
                f"The 'layer' parameter must be an int in the range [{-self.n_layers}, "
                f"{self.n_layers - 1}]: the network has {self.n_layers} recurrent layer(s). "
                f"Got {layer!r} instead."
            )
        _check_choice("direction", direction, self.directions)
        _check_choice("quantity", quantity, self.quantities)
        return self.arrays[layer % self.n_layers, direction, quantity]

    def to_frame(self):
        """Return states and gates as a data frame in long format.

        Returns
        -------
        frame : DataFrame
            A row for each layer, direction, token and unit. The columns are `layer`, `direction`,
            `position`, `token`, `unit`, and each of `quantities`.
        """
        frames = []
        for layer, direction in dict.fromkeys(key[:2] for key in self.arrays):
            values = {q: self.arrays[layer, direction, q] for q in self.quantities}
            n_tokens, n_units = values["hidden_state"].shape
            position = np.repeat(np.arange(n_tokens), n_units)
            columns = {
                "layer": layer,
                "direction": direction,
                "position": position,
                "token": np.array(self.tokens, dtype=object)[position],
                "unit": np.tile(np.arange(n_units), n_tokens),
                **{quantity: array.ravel() for quantity, array in values.items()},
            }
            frames.append(pd.DataFrame(columns))
        return pd.concat(frames, ignore_index=True)

    def readings_to_frame(self):
        """Return the prediction after each token as a data frame.

        Returns
        -------
        frame : DataFrame of shape (n_tokens, 2 + n_outputs)
            A row for each token with a prediction. The columns are `position`, `token`, and each
            of `output_names`.
        """
        if self.readings is None:
            raise ValueError("The estimator that was traced makes no predictions.")
        frame = pd.DataFrame(self.readings, columns=self.output_names)
        frame.insert(0, "position", np.arange(len(self.tokens)), allow_duplicates=True)
        frame.insert(1, "token", self.tokens, allow_duplicates=True)
        return frame[~np.isnan(self.readings[:, 0])].reset_index(drop=True)

    def __repr__(self):
        return (
            f"Trace({len(self.tokens)} tokens, {self.n_layers} layer(s), "
            f"{' and '.join(self.directions)}: {', '.join(self.quantities)})"
        )


@validate_params(
    {"n_readings": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left"), None]},
    prefer_skip_nested_validation=True,
)
def trace(estimator, document, *, n_readings="auto"):
    """Record what a fitted network computes while it reads a document.

    Parameters
    ----------
    estimator : estimator instance
        A fitted text estimator, a :class:`~sklearn.pipeline.Pipeline` that ends in one, or a
        fitted search over either, whose best estimator is used.

    document : str, array-like of int of shape (n_tokens,), or container of one document
        The document: text; token ids, if the estimator was fitted on ids; or an input of
        `predict` with a single row.

    n_readings : int, "auto" or None, default="auto"
        Number of tokens after which to predict; they are evenly spaced and include the last one.
        "auto" predicts after each token of documents of up to 511 tokens, and after fewer tokens of
        longer documents, because the time grows with the square of the length. None predicts after
        each token of any document.

    Returns
    -------
    trace : Trace
        States, gates and predictions at each token, as arrays and data frames.

    See Also
    --------
    StateDisplay : Draw hidden or cell states.
    GateDisplay : Draw gates.
    ReadingDisplay : Draw the prediction after each token.
    unit_correlations : Find units that respond to a label of the tokens, in many documents.

    Notes
    -----
    The hidden states are those that the layers return in a prediction. Gates and cell states are
    computed from them with the equations of the cell. A cell of your own shows the gates that it
    names in its ``equations``.

    A language model reads the document from its beginning, whatever its parameter `documents`. The
    state at a token is the one that predicts the token after it. Only a model that was fitted with
    labels has readings; the states are then those under the most probable label.

    The prediction after a token is the prediction of the estimator, wide path included, for the
    document that ends with this token. A bidirectional network reads each of these beginnings
    from both ends. The backward states in the trace have seen the rest of the document, so they
    are not the states behind the predictions, except for the last prediction.

    Examples
    --------
    >>> from sklearn_rnn import RNNTextClassifier
    >>> from sklearn_rnn.inspection import trace
    >>> X = ["good, not bad", "bad, not good"] * 20
    >>> y = ["praise", "complaint"] * 20
    >>> clf = RNNTextClassifier(max_epochs=5, random_state=0).fit(X, y)
    >>> t = trace(clf, "good, not bad")
    >>> t.tokens
    ['good', ',', 'not', 'bad']
    >>> t.get("forget_gate", direction="backward").shape
    (4, 64)
    >>> t.to_frame().shape
    (512, 11)
    """
    inspected = inspect_estimator(estimator)
    sequence, words = inspected.read(document)
    if not words.tokens:
        raise ValueError(
            f"'document' is empty, and this {inspected.name} reads nothing of it. Give a document "
            "with at least one token."
        )
    record = record_document(inspected, sequence)
    arrays = {}
    for layer in record.layers:
        for quantity, values in _quantities(layer).items():
            # Without what is read before the document, which the gates at its start depend on.
            arrays[layer.depth, layer.direction, quantity] = values[inspected.n_before :]
    readings, output_names = read_prefixes(inspected, sequence, n_readings)
    attention = record.attention
    return Trace(
        words,
        arrays,
        readings=readings,
        output_names=output_names,
        head_attention=None if attention is None else attention.float().cpu().numpy(),
        explained=inspected.explained,
    )


def _quantities(layer: LayerRecord) -> dict[str, np.ndarray]:
    """Return states and gates of a layer that read one document, in the order of the text."""
    x, states = layer.inputs.cpu(), layer.states.cpu()
    if layer.direction == "backward":
        x, states = x.flip(0), states.flip(0)
    cell = getattr(layer.module, "cell", None)
    inner = gates(cell, x, states) if cell is not None else {}
    if layer.direction == "backward":
        inner = {quantity: values.flip(0) for quantity, values in inner.items()}
    memory = {} if layer.memory is None else {"cell_state": layer.memory.cpu()}
    arrays = {"hidden_state": layer.states.cpu(), **memory, **inner}
    return {quantity: values.float().numpy() for quantity, values in arrays.items()}


def _check_choice(name: str, value: str, choices: list[str]) -> None:
    if value not in choices:
        raise ValueError(
            f"The {name!r} parameter must be one of {choices} for this network. "
            f"Got {value!r} instead."
        )
