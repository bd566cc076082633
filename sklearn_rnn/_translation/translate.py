"""From sources to targets, with a trained translator."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_array

from sklearn_rnn._text.containers import as_documents, is_text
from sklearn_rnn._text.sequences import sequences_from_flat, truncate
from sklearn_rnn._text.vocabulary import UNKNOWN_ID
from sklearn_rnn._training.process_state import side_by_side
from sklearn_rnn._training.vectorize import reading_params
from sklearn_rnn._translation.data import PairData, Sources, plan_sources
from sklearn_rnn._translation.pairs import make_tokenizer
from sklearn_rnn._translation.search import Found, beam_search
from sklearn_rnn._translation.write import TargetWriter, places_of_unknown


def find_targets(net: Any, sources: Sources, **settings: Any) -> list[list[Found]]:
    """Return the most likely targets of each source, the best first.

    Parameters
    ----------
    net : TranslationNet
        The trained net.
    sources : TextSources or RegionSources
        The sources.
    **settings
        As for `beam_search`.
    """
    net._set_training(False)
    found: list = [None] * len(sources.lengths)

    def search(rows: np.ndarray) -> None:
        with torch.inference_mode(), net._autocast():
            memory = net.module_.encode(net.move_source(sources.gather(rows)))
            targets = beam_search(net.module_, memory, **settings)
        for row, each in zip(rows, targets, strict=True):
            found[row] = each

    side_by_side(search, plan_sources(sources))
    return found


def write_targets(
    found: list[list[Found]], writer: TargetWriter, source_tokens: list[list[str]] | None
) -> list[list[Any]]:
    """Return targets as text or tokens.

    Parameters
    ----------
    found : list of list of Found
        The targets of each source.
    writer : TargetWriter
        Writes them.
    source_tokens : list of list of str or None
        The tokens of each source, to be copied where a target has the unknown token.
    """
    written = []
    for row, targets in enumerate(found):
        tokens = None if source_tokens is None else source_tokens[row]
        if tokens == []:  # there is nothing to copy
            targets = [each._replace(ids=each.ids[each.ids != UNKNOWN_ID]) for each in targets]
        written.append([writer.write(each.ids, _copied(each, tokens)) for each in targets])
    return written


def _copied(found: Found, tokens: list[str] | None) -> dict[int, str] | None:
    """Return what replaces each unknown token: the source token with the most attention."""
    if not tokens:
        return None
    return {place: tokens[found.attended[place]] for place in places_of_unknown(found.ids)}


def tokens_to_copy(X: Any, vectorizer: Any, estimator: Any) -> list[list[str]]:
    """Return the tokens of sources, which are texts, as they are written."""
    check_copies(X, vectorizer, estimator)
    tokenize = make_tokenizer(vectorizer)
    documents = as_documents(X, **reading_params(vectorizer), estimator=estimator)
    return [_as_read(tokenize(document), vectorizer) for document in documents]


def check_copies(X: Any, vectorizer: Any, estimator: Any) -> None:
    """Refuse sources whose tokens cannot be copied."""
    if vectorizer is None or not is_text(X):
        raise ValueError(
            f"With replace_unknown=True, {type(estimator).__name__} copies words of the source, "
            "which must be text. Set replace_unknown=False."
        )
    if not hasattr(vectorizer, "build_analyzer"):
        raise TypeError(
            "With replace_unknown=True, the source vectorizer must have a method build_analyzer. "
            f"{type(vectorizer).__name__} has none. Set replace_unknown=False."
        )


def _as_read(tokens: list[str], vectorizer: Any) -> list[str]:
    """Return the tokens that the vectorizer does not truncate."""
    width = getattr(vectorizer, "max_length", None)
    if width is None and not getattr(vectorizer, "sparse_output", True):
        width = vectorizer.n_positions_
    if width is None:
        return tokens
    lengths = np.array([len(tokens)])
    kept, _ = truncate(np.arange(len(tokens)), lengths, width, keep=vectorizer.truncation)
    return [tokens[i] for i in kept]


def pairs_of_best(found: list[list[Found]]) -> csr_array:
    """Return the best target of each source as token ids."""
    best = [targets[0].ids for targets in found]
    lengths = np.array([len(ids) for ids in best])
    return sequences_from_flat(np.concatenate(best).astype(np.int32), lengths)


def read_attention(net: Any, sources: Sources, targets: csr_array) -> list[np.ndarray]:
    """Return the attention at each token of targets, one array for each.

    Parameters
    ----------
    net : TranslationNet
        The trained net.
    sources : TextSources or RegionSources
        The sources.
    targets : csr_array of int32 of shape (n_pairs, n_positions)
        Their targets.
    """
    data = PairData(sources, targets, net.module_.decoder.n_ids)
    return [each[:-1] for each in net.attention(data)]
