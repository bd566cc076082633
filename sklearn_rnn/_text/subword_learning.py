"""From documents to a tokenizer of subwords: learned, or taken from elsewhere."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from sklearn_rnn._text.subword_models import LEARN, count_pieces
from sklearn_rnn._text.subword_pipeline import make_piece_splitter, make_pipeline, split_chunks
from sklearn_rnn._text.subwords import Subwords, Tokens, explained
from sklearn_rnn._text.tokenizer_json import prepare, read_tokenizer, reorder
from sklearn_rnn._text.vocabulary import index_tokens


def fit_subwords(documents: list[str], vectorizer: Any) -> tuple[dict, Tokens]:
    """Return the tokenizer of a vectorizer's parameters, and the tokens of the documents.

    Parameters
    ----------
    documents : list of str
        The training documents.
    vectorizer : SubwordVectorizer
        Its parameters say how to learn.

    Returns
    -------
    content : dict
        The tokenizer as JSON, with the most frequent token of the documents at id 2.
    tokens : Tokens
        The ids of the documents.
    """
    if vectorizer.tokenizer is None:
        content = _learn(documents, vectorizer)
    else:
        content = read_tokenizer(vectorizer.tokenizer)
    content = prepare(content)
    subwords = Subwords(json.dumps(content, ensure_ascii=False))
    tokens = subwords.encode(documents)
    counts = np.bincount(tokens.ids, minlength=len(subwords.tokens))
    content, new_ids = reorder(content, counts)
    return content, Tokens(new_ids[tokens.ids], tokens.lengths)


def _learn(documents: list[str], vectorizer: Any) -> dict:
    content = make_pipeline(
        lowercase=vectorizer.lowercase,
        strip_accents=vectorizer.strip_accents,
        normalization=vectorizer.normalization,
    )
    chunks, occurrences, _ = index_tokens(documents, split_chunks)
    counts = np.bincount(occurrences, minlength=len(chunks)).tolist()
    with explained(documents):
        pieces = count_pieces(chunks, counts, make_piece_splitter(content))
    learn = LEARN[vectorizer.model]
    model = learn(pieces, vocab_size=vectorizer.vocab_size, min_frequency=vectorizer.min_frequency)
    return {**content, "model": model}
