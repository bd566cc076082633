"""Files of word vectors, written by plain code of its own, and the n-grams of fastText."""

import struct

import numpy as np

WORDS = ["the", "café", "naïve_film", "日本", "n't"]
VECTORS = np.array(
    [[0.5, -1.25, 3], [1e-3, 2, -0.0625], [7, 8, 9.5], [-4, 0.25, 1], [2, 2, -2]], dtype=np.float32
)


def write_text(words=WORDS, vectors=VECTORS, *, header=False, end="\n", separator=" "):
    """Return a text file; GloVe's without a header, fastText's with `end` " \n"."""
    lines = [f"{len(words)} {len(vectors[0])}\n"] if header else []
    for word, vector in zip(words, vectors, strict=True):
        lines.append(separator.join([word, *(repr(float(x)) for x in vector)]) + end)
    return "".join(lines).encode()


def write_word2vec(words=WORDS, vectors=VECTORS, *, end=b"", header=None):
    """Return a file in the binary format of word2vec."""
    data = b"%d %d\n" % (header or (len(words), len(vectors[0])))
    for word, vector in zip(words, vectors, strict=True):
        data += word.encode() + b" " + struct.pack(f"<{len(vector)}f", *vector) + end
    return data


def write_fasttext(
    words=WORDS,
    rows=VECTORS,
    *,
    ngram_rows=None,
    min_n=2,
    max_n=3,
    labels=(),
    version=12,
    model=2,
    pruned=-1,
    quantised=0,
    shape=None,
    n_entries=None,
):
    """Return a model of fastText: rows of words, and of buckets of n-grams behind them."""
    rows = np.asarray(rows, np.float32)
    if ngram_rows is None:
        ngram_rows = np.empty((0, rows.shape[1]), np.float32)
    matrix = np.vstack([rows, ngram_rows])
    dim, bucket = matrix.shape[1], len(ngram_rows)
    data = struct.pack("<ii", 793712314, version)
    data += struct.pack("<12i", dim, 5, 5, 1, 5, 1, 1, model, bucket, min_n, max_n, 100)
    data += struct.pack("<d", 1e-4)
    n = len(words) + len(labels) if n_entries is None else n_entries
    data += struct.pack("<iiiqq", n, n - len(labels), len(labels), 1000, pruned)
    for kind, names in enumerate([words, labels]):
        for name in names:
            data += name.encode() + b"\0" + struct.pack("<qb", 10, kind)
    data += struct.pack("<bqq", quantised, *(shape or matrix.shape))
    data += matrix.astype("<f4").tobytes()
    return data + struct.pack("<bqq", 0, 1, 1) + b"\0\0\0\0"  # what only training needs


def bucket_of(ngram, n_buckets):
    """Return the bucket of an n-gram: FNV-1a over bytes as signed chars."""
    value = 2166136261
    for byte in ngram.encode():
        value ^= (byte - 256 if byte > 127 else byte) & 0xFFFFFFFF
        value = value * 16777619 & 0xFFFFFFFF
    return value % n_buckets


def ngrams_of(word, min_n, max_n):
    """Return the n-grams of a word, all but the two brackets alone."""
    text = f"<{word}>"
    return [
        text[start : start + n]
        for start in range(len(text))
        for n in range(min_n, max_n + 1)
        if start + n <= len(text) and not (n == 1 and start in (0, len(text) - 1))
    ]
