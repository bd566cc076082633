"""Networks whose predictions are computed by one call of a kernel, from token ids to outputs.

The call takes addresses of weights, and computes what the modules were written to compute. So each
module must be one of ours or torch's own, unchanged, and each tensor must have the shape that it
should have; otherwise the modules are called.
"""

from __future__ import annotations

from collections.abc import Callable
from ctypes import POINTER, Structure, byref, c_double, c_int64, c_void_p
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules import module as torch_module

from sklearn_rnn._text.vocabulary import UNKNOWN_ID

from . import kernels as own_kernels
from ._dropout import Dropout, LockedDropout
from ._embedding import TokenEmbedding, WordDropout
from ._network import SequenceNetwork
from ._pooling import (
    AttentionPooling,
    ConcatPooling,
    LastPooling,
    MaxPooling,
    MeanPooling,
    MultiheadAttentionPooling,
)
from ._recurrent import RecurrentLayer, RecurrentStack
from ._wide import NGramLinear, WideAndDeep
from .cells import GRUCell, LSTMCell, RNNCell

_CLASSES = (
    *(WideAndDeep, NGramLinear, nn.EmbeddingBag),
    *(SequenceNetwork, TokenEmbedding, WordDropout, nn.Embedding, Dropout, LockedDropout),
    *(RecurrentStack, nn.ModuleList, RecurrentLayer, RNNCell, LSTMCell, GRUCell),
    *(LastPooling, MeanPooling, MaxPooling, ConcatPooling),
    *(AttentionPooling, MultiheadAttentionPooling, nn.Linear),
)
# The names by which a module of each class could have been given methods of its own.
_METHODS = {
    class_: frozenset(name for name in dir(class_) if callable(getattr(class_, name)))
    for class_ in _CLASSES
}
_GATES = {RNNCell: 1, GRUCell: 3, LSTMCell: 4}


class _Direction(Structure):
    _fields_ = [(name, c_void_p) for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]


class _Network(Structure):
    """`Network` in network.h, which says what the fields are."""

    _fields_ = [
        ("n_ids", c_int64),
        ("vector_size", c_int64),
        ("embedding_dim", c_int64),
        ("table", c_void_p),
        ("scale", c_double),
        ("from_vectors", c_void_p),
        ("n_layers", c_int64),
        ("n_directions", c_int64),
        ("n_units", c_int64),
        ("directions", POINTER(_Direction)),
        ("last", c_int64),
        ("max", c_int64),
        ("mean", c_int64),
        ("skip", c_int64),
        ("n_heads", c_int64),
        ("projection", c_void_p),
        ("projection_bias", c_void_p),
        ("score", c_void_p),
        ("n_features", c_int64),
        ("n_outputs", c_int64),
        ("head", c_void_p),
        ("head_bias", c_void_p),
        ("n_words", c_int64),
        ("n_pairs", c_int64),
        ("pairs", c_void_p),
        ("idf", c_void_p),
        ("wide_table", c_void_p),
        ("wide_bias", c_void_p),
        ("wide_scale", c_double),
        ("wide_weight", c_double),
    ]


class _Documents(Structure):
    _fields_ = [
        ("n_documents", c_int64),
        *((name, c_void_p) for name in ("rows", "starts", "lengths", "tokens")),
    ]


class _OtherNetworkError(Exception):
    """The network is not one that the kernel computes."""


def make_predictor(function: Callable) -> Predictor | None:
    """Return what computes the outputs of a network, None if only its modules can.

    Nothing is kept from earlier calls: weights and modules may differ each time.

    Parameters
    ----------
    function : callable
        A `WideAndDeep` or `SequenceNetwork`, or the method `encode` of the latter.

    Returns
    -------
    predictor : Predictor or None
    """
    network, encodes = function, False
    if getattr(function, "__func__", None) is SequenceNetwork.encode:
        network, encodes = function.__self__, True  # type: ignore[attr-defined]
    if type(network) not in (WideAndDeep, SequenceNetwork) or not _is_unchanged(network):
        return None
    try:
        return Predictor(network, encodes=encodes)
    except _OtherNetworkError:
        return None


def _is_unchanged(network: Any) -> bool:
    """Return whether a network consists of known modules that compute what their classes say."""
    if torch_module._global_forward_hooks or torch_module._global_forward_pre_hooks:
        return False
    return all(
        type(part) in _METHODS
        and not part._forward_hooks
        and not part._forward_pre_hooks
        and _METHODS[type(part)].isdisjoint(vars(part))
        for part in network.modules()
    )


class Predictor:
    """The outputs of one network for documents.

    Parameters
    ----------
    network : WideAndDeep or SequenceNetwork
        The network.
    encodes : bool, default=False
        Whether the vectors of the documents are wanted, as `SequenceNetwork.encode` returns them.

    Attributes
    ----------
    n_outputs : int
        Number of outputs of a document.
    """

    def __init__(self, network: Any, *, encodes: bool = False) -> None:
        # What the addresses point to.
        self._kept: list[Any] = []
        self._network = _Network()
        wide = None
        if type(network) is WideAndDeep:
            self._network.wide_weight = network.wide_weight
            network, wide = network.deep, network.wide
            _require(type(network) is SequenceNetwork and type(wide) is NGramLinear)
        n_states = self._take_encoder(network.encoder, self._take_embedding(network.embedding))
        n_features = self._take_pooling(network.pooling, n_states)
        _require(network.skip is None or type(network.skip) is MeanPooling)
        if network.skip is not None:
            self._network.skip = 1
            n_features += self._network.embedding_dim
        self._network.n_features = self.n_outputs = n_features
        if not encodes:
            self._take_head(network.head)
            if wide is not None:
                self._take_wide(wide)

    def __call__(
        self,
        rows: np.ndarray,
        starts: np.ndarray,
        lengths: np.ndarray,
        tokens: np.ndarray,
        outputs: np.ndarray,
    ) -> None:
        """Write the outputs of some documents.

        Any number of threads may do so at once.

        Parameters
        ----------
        rows : ndarray of int64 of shape (n_documents,)
            Which documents, longest first.
        starts, lengths : ndarray of int64 of shape (n_all_documents,)
            Place of the first token of each document, and number of its tokens, at least 1.
        tokens : ndarray of int32 of shape (n_tokens,)
            The token ids of all documents.
        outputs : ndarray of float32 of shape (n_all_documents, n_outputs)
            Where to write, each document in its row.
        """
        arrays = [np.ascontiguousarray(array) for array in (rows, starts, lengths, tokens)]
        documents = _Documents(len(rows), *(array.ctypes.data for array in arrays))
        self._kernel(byref(self._network), byref(documents), outputs.ctypes.data)

    def _take_embedding(self, embedding: Any) -> int:
        _require(type(embedding) is TokenEmbedding and type(embedding.table) is nn.Embedding)
        table, projection = embedding.table, embedding.projection
        n_ids, vector_size = table.weight.shape
        _require(n_ids == table.num_embeddings > UNKNOWN_ID and table.max_norm is None)
        net = self._network
        net.n_ids, net.vector_size, net.scale = n_ids, vector_size, embedding.scale
        net.table = self._address(table.weight, n_ids, vector_size)
        net.embedding_dim = vector_size
        if projection is not None:
            _require(type(projection) is nn.Linear and projection.bias is None)
            net.embedding_dim = len(projection.weight)
            net.from_vectors = self._address(projection.weight, net.embedding_dim, vector_size)
        return net.embedding_dim

    def _take_encoder(self, stack: Any, n_inputs: int) -> int:
        """Take the recurrent layers, and return how many features a state has."""
        _require(type(stack) is RecurrentStack and not stack.residual)
        layers = [list(directions) for directions in stack.layers]
        n_directions = len(layers[0])
        _require({type(layer) for row in layers for layer in row} == {RecurrentLayer})
        _require({len(row) for row in layers} == {n_directions} and n_directions <= 2)
        n_units, kernel = layers[0][0].cell.hidden_size, own_kernels.kernel_name(layers[0][0].cell)
        _require(kernel is not None)
        directions = []
        for row in layers:
            for layer, reverse in zip(row, (False, True), strict=False):
                cell = layer.cell
                _require(own_kernels.kernel_name(cell) == kernel and layer.reverse == reverse)
                _require(own_kernels.has_kernels(layer.kernels))
                n_rows = _GATES[type(cell)] * n_units
                directions.append(
                    _Direction(
                        self._address(cell.weight_ih, n_rows, n_inputs),
                        self._address(cell.weight_hh, n_rows, n_units),
                        self._address(cell.bias_ih, n_rows),
                        self._address(cell.bias_hh, n_rows),
                    )
                )
            n_inputs = n_directions * n_units
        net, array = self._network, (_Direction * len(directions))(*directions)
        net.n_layers, net.n_directions, net.n_units = len(layers), n_directions, n_units
        net.directions = array
        self._kept.append(array)
        self._kernel = getattr(own_kernels.load_kernels(), f"{kernel}_predict")
        return n_inputs

    def _take_pooling(self, pooling: Any, n_states: int) -> int:
        """Take the pooling, and return how many features it gives a document."""
        net, kind = self._network, type(pooling)
        if issubclass(kind, AttentionPooling):
            self._take_attention(pooling, n_states)
            return n_states
        _require(kind in (LastPooling, MaxPooling, MeanPooling, ConcatPooling))
        if kind is LastPooling:
            _require(pooling.bidirectional == (net.n_directions == 2))
        if kind is ConcatPooling:
            _require(type(pooling.max) is MaxPooling and type(pooling.mean) is MeanPooling)
        net.last = kind is LastPooling
        net.max = kind in (MaxPooling, ConcatPooling)
        net.mean = kind in (MeanPooling, ConcatPooling)
        return (net.last + net.max + net.mean) * n_states

    def _take_attention(self, pooling: Any, n_states: int) -> None:
        n_heads = getattr(pooling, "num_heads", 1)
        projection, score = pooling.projection, pooling.score
        _require(type(projection) is nn.Linear and type(score) is nn.Linear)
        _require(n_heads > 0 and n_states % n_heads == 0 and score.bias is None)
        net = self._network
        net.n_heads = n_heads
        net.projection = self._address(projection.weight, n_states, n_states)
        net.projection_bias = self._address(projection.bias, n_states)
        net.score = self._address(score.weight, n_heads, n_states)

    def _take_head(self, head: Any) -> None:
        _require(type(head) is nn.Linear)
        self.n_outputs = len(head.weight)
        net = self._network
        net.n_outputs = self.n_outputs
        net.head = self._address(head.weight, self.n_outputs, net.n_features)
        if head.bias is not None:
            net.head_bias = self._address(head.bias, self.n_outputs)

    def _take_wide(self, wide: NGramLinear) -> None:
        net, table = self._network, wide.table
        _require(type(table) is nn.EmbeddingBag and table.mode == "sum" and wide.n_ids > 0)
        _require(table.max_norm is None and table.padding_idx is None)
        _require(not table.include_last_offset)
        net.n_words, net.n_pairs, net.wide_scale = wide.n_ids, len(wide.pairs), wide.scale
        n_rows = wide.n_ids + len(wide.pairs)
        net.pairs = self._address(wide.pairs, len(wide.pairs), dtype=torch.int64)
        net.idf = self._address(wide.idf, n_rows)
        net.wide_table = self._address(table.weight, n_rows, self.n_outputs)
        net.wide_bias = self._address(wide.bias, self.n_outputs)

    def _address(self, tensor: Any, *shape: int, dtype: torch.dtype = torch.float32) -> int:
        """Return the address of a tensor's numbers, after checking their number and type."""
        _require(type(tensor) in (Tensor, nn.Parameter) and tensor.shape == shape)
        _require(tensor.dtype == dtype and tensor.layout == torch.strided and tensor.is_cpu)
        tensor = tensor.detach().contiguous()
        self._kept.append(tensor)
        return tensor.data_ptr()


def _require(condition: bool) -> None:
    if not condition:
        raise _OtherNetworkError
