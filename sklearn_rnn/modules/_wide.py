"""The wide path: a linear model of words and n-grams, next to the recurrent network."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from sklearn_rnn._text.ngrams import has_triples
from sklearn_rnn._text.vocabulary import UNKNOWN_ID

from . import kernels as own_kernels
from ._layout import PackedLayout


class NGramLinear(nn.Module):
    """Linear outputs of the words, pairs and triples in a document, weighted by TF-IDF.

    Each word and each known pair or triple of adjacent words counts ``(1 + log(tf)) * idf``, and
    the weights of a document have norm `scale`: what
    :class:`sklearn.feature_extraction.text.TfidfVectorizer` computes with ``sublinear_tf=True``.
    Unknown tokens do not count.

    Parameters
    ----------
    n_outputs : int
        Columns of the output.
    word_idf : torch.Tensor of shape (n_ids,)
        Inverse document frequency of each token id.
    pairs : torch.Tensor of int64 of shape (n_pairs,)
        The known pairs, ascending; the pair of ids `a` and `b` is ``a * n_ids + b``. A triple is
        a pair too: that of the known pair at place `i`, whose number is ``a = n_ids + i``, and the
        word behind it.
    pair_idf : torch.Tensor of shape (n_pairs,)
        Their inverse document frequencies.
    scale : float, default=3.0
        Norm of a document's weights: how far a step of the optimizer moves the outputs.
    sparse : bool, default=False
        Whether the gradient of the table holds only the rows of the batch.
    kernels : bool or "auto", default=False
        Whether to use the package's kernels while training on the CPU with sparse gradients,
        see `RecurrentLayer`.

    Examples
    --------
    >>> import torch
    >>> from torch.nn.utils.rnn import pack_sequence
    >>> from sklearn_rnn.modules import NGramLinear
    >>> linear = NGramLinear(2, torch.ones(4), torch.tensor([2 * 4 + 3]), torch.ones(1))
    >>> features = linear.features(pack_sequence([torch.tensor([2, 3, 2])]))
    >>> [column.tolist() for column in features[:2]]  # words 2 and 3, and the pair
    [[2, 3, 4], [0, 0, 0]]
    """

    pairs: Tensor
    idf: Tensor

    def __init__(
        self,
        n_outputs: int,
        word_idf: Tensor,
        pairs: Tensor,
        pair_idf: Tensor,
        *,
        scale: float = 3.0,
        sparse: bool = False,
        kernels: bool | str = False,
    ) -> None:
        super().__init__()
        self.kernels = kernels
        self.n_ids = len(word_idf)
        self.scale = scale
        self.register_buffer("pairs", pairs)
        self.register_buffer("idf", torch.cat([word_idf, pair_idf]))
        self.table = nn.EmbeddingBag(len(self.idf), n_outputs, mode="sum", sparse=sparse)
        self.bias = nn.Parameter(torch.zeros(n_outputs))
        nn.init.zeros_(self.table.weight)

    def features(self, ids: PackedSequence) -> tuple[Tensor, Tensor, Tensor]:
        """Return the words, pairs and triples of each document, each once.

        Parameters
        ----------
        ids : torch.nn.utils.rnn.PackedSequence of int32 or int64
            Token ids of the documents.

        Returns
        -------
        features : torch.Tensor of int64 of shape (n_features,)
            Rows of the table: token ids, then pairs.
        documents : torch.Tensor of int64 of shape (n_features,)
            The document of each, in packed order, ascending.
        weights : torch.Tensor of shape (n_features,)
            Their TF-IDF weights, of norm `scale` in each document.
        """
        layout = PackedLayout(ids.batch_sizes, ids.data.device)
        tokens = ids.data.long()
        known = (tokens != UNKNOWN_ID) & (tokens < self.n_ids)
        words = known.nonzero()[:, 0]
        pairs, last = self._find_pairs(tokens, known, layout)
        features = torch.cat([tokens[words], pairs])
        documents = layout.documents[torch.cat([words, last])]

        keys, counts = torch.unique(documents * len(self.idf) + features, return_counts=True)
        documents = keys // len(self.idf)
        features = keys - documents * len(self.idf)
        weights = (1 + counts.to(self.idf.dtype).log()) * self.idf[features]
        squares = weights.new_zeros(layout.n_documents).index_add(0, documents, weights**2)
        # A document may hold nothing that weighs.
        factors = self.scale * squares.clamp(min=torch.finfo(squares.dtype).tiny).rsqrt()
        return features, documents, weights * factors[documents]

    def forward(self, ids: PackedSequence) -> Tensor:
        """Return the outputs, shape (n_documents, n_outputs)."""
        outputs = self._by_kernel(ids)
        if outputs is None:
            outputs = self._by_torch(ids)
        return outputs if ids.unsorted_indices is None else outputs[ids.unsorted_indices]

    def _by_kernel(self, ids: PackedSequence) -> Tensor | None:
        """Return the outputs, None where there is no kernel for them."""
        if not (self.training and ids.data.dtype == torch.int32):
            return None
        # Looked up once: in a short step this counts.
        table, bias, idf = self.table, self.bias, self.idf
        weight = table.weight
        if not (table.sparse and own_kernels.can_update(self.kernels, weight, bias, idf)):
            return None
        known = self.pairs, idf, self.n_ids, UNKNOWN_ID, self.scale
        return own_kernels.ngram_outputs(ids, *known, weight, bias)

    def _by_torch(self, ids: PackedSequence) -> Tensor:
        features, documents, weights = self.features(ids)
        ranks = torch.arange(int(ids.batch_sizes[0]), device=documents.device)
        first = torch.searchsorted(documents, ranks)  # a document of no features gives zeros
        return self.table(features, first, per_sample_weights=weights) + self.bias

    def origins(self, n_ids: int, pairs: Tensor) -> Tensor:
        """Return which row of this table each row of a table for other pairs comes from.

        Parameters
        ----------
        n_ids : int
            Number of token ids, at least as many as now.
        pairs : torch.Tensor of int64 of shape (n_pairs,)
            The known pairs, in terms of this `n_ids`.

        Returns
        -------
        origins : torch.Tensor of int64 of shape (n_ids + n_pairs,)
            Row of the present table, -1 for words and pairs that are new.
        """
        words = torch.full((n_ids,), -1, device=pairs.device)
        words[: self.n_ids] = torch.arange(self.n_ids)
        if not len(self.pairs):
            return torch.cat([words, torch.full_like(pairs, -1)])
        origins = words
        first, last = pairs // n_ids, pairs % n_ids
        for of_level in (first < n_ids, first >= n_ids):  # pairs, then triples of these
            before = origins[first[of_level]]
            keys = before * self.n_ids + last[of_level]
            place = torch.searchsorted(self.pairs, keys).clamp(max=len(self.pairs) - 1)
            is_same = (self.pairs[place] == keys) & (last[of_level] < self.n_ids)
            origins = torch.cat([origins, torch.where(is_same, self.n_ids + place, -1)])
        return origins

    def _find_pairs(self, tokens: Tensor, known: Tensor, layout: PackedLayout) -> tuple:
        """Return the table rows of the known pairs and triples, and the places of their ends."""
        if not len(self.pairs):
            return tokens[:0], tokens[:0]
        last = torch.arange(layout.n_documents, len(tokens), device=tokens.device)
        row = torch.where(known, tokens, -1)  # of the n-gram that ends at a place, -1 for none
        found = []
        for _ in range(1 + has_triples(self.pairs, self.n_ids)):
            before = row[layout.previous]
            keys = before * self.n_ids + tokens[last]
            place = torch.searchsorted(self.pairs, keys).clamp(max=len(self.pairs) - 1)
            is_known = (self.pairs[place] == keys) & known[last]
            row = torch.full_like(tokens, -1)
            row[last] = torch.where(is_known, self.n_ids + place, -1)
            ends = (row >= 0).nonzero()[:, 0]
            found.append((row[ends], ends))
        rows, ends = map(torch.cat, zip(*found, strict=True))
        return rows, ends


class WideAndDeep(nn.Module):
    """A recurrent network and a linear model, each with a loss of its own.

    In training the outputs of both are returned, so that each learns as if it were alone: with one
    loss, the one that fits first would leave the other nothing to learn. Otherwise their weighted
    mean is returned, which is more accurate than either if they make different errors.

    Parameters
    ----------
    deep : torch.nn.Module
        From packed ids to outputs (n_documents, n_outputs), such as a `SequenceNetwork`.
    wide : torch.nn.Module
        The same, such as an `NGramLinear`.
    wide_weight : float, default=0.5
        The share of `wide` in the mean, between 0 and 1.

    References
    ----------
    H.-T. Cheng et al., "Wide & deep learning for recommender systems", DLRS (2016).
    """

    def __init__(self, deep: nn.Module, wide: nn.Module, wide_weight: float = 0.5) -> None:
        super().__init__()
        self.deep = deep
        self.wide = wide
        self.wide_weight = wide_weight

    def forward(self, ids: PackedSequence) -> Tensor | tuple[Tensor, Tensor]:
        """Return both outputs in training, their weighted mean otherwise."""
        deep, wide = self.deep(ids), self.wide(ids)
        if self.training:
            return deep, wide
        # Under autocast the recurrent network returns fewer digits than the linear one.
        return torch.lerp(deep.to(wide.dtype), wide, self.wide_weight)
