"""The texts of the language-model benchmarks: gzipped UTF-8 files train, valid and test."""

import gzip
import os
import sys
from collections import Counter
from dataclasses import dataclass
from itertools import chain

import numpy as np

from benchmarks._data import DEFAULT_FOLDER
from sklearn_rnn import SequenceVectorizer

# In a corpus of documents, each line is one. Any other corpus is one text.
DOCUMENTS = {"names_makemore"}
# Where a published split has no test part, its validation part is what others report on.
REPORTED = {"tinyshakespeare": "valid"}


@dataclass
class Texts:
    """A corpus: the parts by name, each a list of documents, or of one text."""

    name: str
    parts: dict
    documents: bool

    @property
    def reported(self):
        """The part that results are reported on."""
        return REPORTED.get(self.name, "test")


def load_texts(name):
    """Return a corpus by the name of its folder, or end with a message where there is none."""
    folder = os.path.join(os.environ.get("SKLEARN_RNN_DATA", DEFAULT_FOLDER), name)
    parts = {}
    for part in ("train", "valid", "test"):
        path = os.path.join(folder, f"{part}.txt.gz")
        if os.path.exists(path):
            with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
                text = file.read()
            parts[part] = text.splitlines() if name in DOCUMENTS else [text]
    if not parts:
        print(f"Skipped: no train.txt.gz in {folder}. Set SKLEARN_RNN_DATA to the folder above it.")
        sys.exit(0)
    return Texts(name, parts, name in DOCUMENTS)


def encode(documents, vocabulary):
    """Return the ids of the tokens of each document as an array of int64, 1 for unknown tokens."""
    return [
        np.fromiter((vocabulary.get(token, 1) for token in tokens), np.int64, len(tokens))
        for tokens in documents
    ]


def learn_vocabulary(documents, min_count=1):
    """Return the ids of the tokens, from 2 on by frequency; 0 is the boundary, 1 is unknown."""
    counts = Counter(chain.from_iterable(documents))
    tokens = sorted(counts, key=lambda token: (-counts[token], token))
    tokens = [token for token in tokens if counts[token] >= min_count]
    return {token: place for place, token in enumerate(tokens, start=2)}


def as_ids(texts, *, min_count=1, words=False):
    """Return the parts of a corpus as ids of characters or words, and how many ids there are."""
    parts = texts.parts
    if words:
        analyze = SequenceVectorizer().build_analyzer()
        parts = {name: [analyze(text) for text in part] for name, part in parts.items()}
    vocabulary = learn_vocabulary(parts["train"], min_count)
    return {name: encode(part, vocabulary) for name, part in parts.items()}, len(vocabulary) + 2
