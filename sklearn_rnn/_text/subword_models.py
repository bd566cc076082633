"""Models of subwords, learned from pieces and how often each occurs, as JSON of `tokenizers`.

The same counts give the same model, whatever the order of the documents and the number of threads.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice, repeat

from sklearn_rnn._text.byte_level import ALPHABET
from sklearn_rnn._text.tokenizers_package import import_tokenizers
from sklearn_rnn._text.unigram import fit_unigram

_SEPARATOR = " "  # no piece holds it: a byte is written as a visible character
_N_TOGETHER = 10_000
# For each token of a unigram model beyond the bytes.
_N_CANDIDATES = 4


def count_pieces(
    chunks: Iterable[str], counts: Iterable[int], split: Callable[[str], list[str]]
) -> Counter[str]:
    """Return how often each piece occurs, from how often each chunk does.

    Examples
    --------
    >>> from sklearn_rnn._text.subword_models import count_pieces
    >>> count_pieces(["ab c", "ab"], [2, 1], str.split)
    Counter({'ab': 3, 'c': 2})
    """
    pieces: Counter[str] = Counter()
    for chunk, count in zip(chunks, counts, strict=True):
        for piece in split(chunk):
            pieces[piece] += count
    return pieces


def learn_bpe(pieces: Counter[str], *, vocab_size: int, min_frequency: int) -> dict:
    """Learn byte pair encoding: the most frequent pair of tokens becomes one, again and again.

    Parameters
    ----------
    pieces : Counter of str
        How often each piece occurs.
    vocab_size : int
        The largest number of tokens, the 256 bytes among them.
    min_frequency : int
        How often a pair must occur.

    Returns
    -------
    model : dict
        The model as JSON.

    Examples
    --------
    >>> from collections import Counter
    >>> from sklearn_rnn._text.subword_models import learn_bpe
    >>> model = learn_bpe(Counter({"low": 3, "lower": 2}), vocab_size=300, min_frequency=3)
    >>> model["merges"]
    [['l', 'o'], ['lo', 'w']]
    """
    tokenizers = import_tokenizers()
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.CharDelimiterSplit(_SEPARATOR)
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=vocab_size,
        min_frequency=min_frequency,
        initial_alphabet=sorted(ALPHABET),
        special_tokens=[],
        show_progress=False,
    )
    tokenizer.train_from_iterator(_texts(pieces), trainer)
    return json.loads(tokenizer.to_str())["model"]


def learn_wordpiece(pieces: Counter[str], *, vocab_size: int, min_frequency: int) -> dict:
    """Learn WordPiece as BERT's vocabulary is learned today: the tokens of byte pair encoding.

    They are used differently: a piece is split into the longest token that it begins with, and the
    rest likewise.
    """
    bpe = learn_bpe(pieces, vocab_size=vocab_size, min_frequency=min_frequency)
    return {
        "type": "WordPiece",
        "unk_token": "",
        # The space before a word tells its first token from the others.
        "continuing_subword_prefix": "",
        "max_input_chars_per_word": 10**6,
        "vocab": bpe["vocab"],
    }


def learn_unigram(pieces: Counter[str], *, vocab_size: int, min_frequency: int) -> dict:
    """Learn a unigram model: of many tokens, keep those that most raise the likelihood."""
    n_candidates = vocab_size + (_N_CANDIDATES - 1) * (vocab_size - len(ALPHABET))
    bpe = learn_bpe(pieces, vocab_size=n_candidates, min_frequency=min_frequency)
    scores = fit_unigram(pieces, list(bpe["vocab"]), vocab_size)
    vocab = [["", 0.0], *map(list, scores.items())]
    return {"type": "Unigram", "unk_id": 0, "vocab": vocab, "byte_fallback": False}


LEARN = {"bpe": learn_bpe, "unigram": learn_unigram, "wordpiece": learn_wordpiece}


def _texts(pieces: Counter[str]) -> Iterator[str]:
    """Yield texts that contain each piece as often as it occurs."""
    words = chain.from_iterable(repeat(piece, count) for piece, count in sorted(pieces.items()))
    while batch := list(islice(words, _N_TOGETHER)):
        yield _SEPARATOR.join(batch)
