"""The tagged sentences of the benchmarks: folders of gzipped TSV files, a token a line.

A folder has ``train.tsv.gz``, ``valid.tsv.gz`` and ``test.tsv.gz``. The first column is the token,
the second one its tag; an empty line ends a sentence.
"""

import gzip

from benchmarks._data import data_folder

SPANS = ["snips_slots", "wikigold", "uner_danish_ddt", "wnut17"]
PARTS_OF_SPEECH = ["ud_english_ewt", "ud_telugu_mtg"]
SETS = [*SPANS, *PARTS_OF_SPEECH]


def load_tagged(name):
    """Return the train, valid and test part of a set, each as tokens and tags of sentences."""
    return {
        part: _read(data_folder() / name / f"{part}.tsv.gz") for part in ("train", "valid", "test")
    }


def _read(path):
    with gzip.open(path, "rt", encoding="utf-8") as file:
        blocks = file.read().strip("\n").split("\n\n")
    sentences = [[line.split("\t")[:2] for line in block.split("\n")] for block in blocks]
    return tuple([[row[column] for row in rows] for rows in sentences] for column in (0, 1))


def count_tokens(sentences):
    return sum(map(len, sentences))
