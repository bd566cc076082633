"""The documents of an ONNX graph: padded, step by step.

The graph computes on values of shape (n_steps, n_documents, ...), which is how ONNX's recurrent
operators read. Padding comes after a document and never enters a result.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sklearn_rnn._text.vocabulary import UNKNOWN_ID

if TYPE_CHECKING:
    from .graph import Graph


@dataclass
class Documents:
    """Names of the values that hold the documents.

    Parameters
    ----------
    ids : str
        Token ids, int32 of shape (n_steps, n_documents), 0 after the end of a document.
    is_token : str
        False after the end of a document, bool of shape (n_steps, n_documents, 1).
    lengths : str
        Tokens of each document, int32 of shape (n_documents,), at least 1.
    """

    ids: str
    is_token: str
    lengths: str


def read_documents(graph: Graph, token_ids: str) -> Documents:
    """Read documents as an estimator does, wherever the padding is.

    Parameters
    ----------
    graph : Graph
        The graph.
    token_ids : str
        Int32 of shape (n_documents, n_positions).

    Returns
    -------
    documents : Documents
        No longer than the longest of them. An empty one contains one unknown token.
    """
    add, zero = graph.add, np.int32(0)
    is_token = add("Greater", token_ids, zero)
    counts = add("ReduceSum", graph.cast(is_token, np.int32), [1])  # (n_documents, 1)
    # A column in front, which is padding but for empty documents.
    unknown = add("Where", add("Equal", counts, zero), np.int32(UNKNOWN_ID), zero)
    ids = add("Concat", unknown, add("Where", is_token, token_ids, zero), axis=1)
    # Each token moves to the place that counts those before it; padding adds 0 where it comes.
    rank = add("CumSum", graph.cast(add("Greater", ids, zero), np.int32), 1)
    place = add("Max", add("Sub", rank, np.int32(1)), zero)
    ids = add("ScatterElements", add("Mul", ids, zero), place, ids, axis=1, reduction="add")

    lengths = add("Max", add("Squeeze", counts, [1]), np.int32(1))  # (n_documents,)
    longest = add("ReduceMax", lengths)  # (1,)
    ids = add("Slice", ids, np.array([0], np.int32), longest, np.array([1], np.int32))
    ids = add("Transpose", ids)  # (n_steps, n_documents)
    return Documents(ids, add("Unsqueeze", add("Greater", ids, zero), [2]), lengths)
