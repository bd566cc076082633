"""Ways to turn texts into token ids, each written as its users would write it.

Each way imports what it needs when it is called, so that its process loads nothing else. It returns
the number of tokens, which shows whether the ways did the same work.
"""

import os
import re
from collections import Counter
from itertools import chain


def ours(texts):
    """`SequenceVectorizer().fit_transform(texts)`."""
    from sklearn_rnn import SequenceVectorizer

    return SequenceVectorizer().fit_transform(texts).nnz


def plain_python(texts):
    """`re.findall` with the same pattern on lowercased text, ids from a `Counter`, lists."""
    from sklearn_rnn._text.words import TOKEN_PATTERN

    documents = [re.findall(TOKEN_PATTERN, text.lower()) for text in texts]
    counts = Counter(chain.from_iterable(documents)).most_common()
    ids = {token: i for i, (token, _) in enumerate(counts, start=2)}
    return sum(len(row) for row in [[ids[token] for token in tokens] for tokens in documents])


def count_vectorizer(texts):
    """`CountVectorizer().fit_transform(texts)`, for orientation: it only counts words, of two
    letters or more, and drops their order."""
    from sklearn.feature_extraction.text import CountVectorizer

    return CountVectorizer().fit_transform(texts).sum()


def hugging_face(texts):
    """Hugging Face tokenizers: `WordLevel` with the pre-tokenizer `Whitespace`, lowercased;
    `train_from_iterator`, then `encode_batch_fast`, both on all cores."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    # Its default keeps 30,000 words; the other ways keep all.
    trainer = trainers.WordLevelTrainer(
        vocab_size=10**7, special_tokens=["[PAD]", "[UNK]"], show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    # `encode_batch` gives the same ids, and takes longer for the place of each token in the text.
    encodings = tokenizer.encode_batch_fast(texts)
    return sum(len(ids) for ids in [encoding.ids for encoding in encodings])


def subwords(texts):
    """`SubwordVectorizer().fit_transform(texts)`: byte pair encoding, 8,000 tokens."""
    from sklearn_rnn import SubwordVectorizer

    return SubwordVectorizer().fit_transform(texts).nnz


def hugging_face_subwords(texts):
    """Hugging Face tokenizers: byte pair encoding of 8,000 tokens with the pre-tokenizer
    `ByteLevel`, in NFC, lowercased; `train_from_iterator`, then `encode_batch_fast`."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=8000,
        min_frequency=2,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    encodings = tokenizer.encode_batch_fast(texts)
    return sum(len(ids) for ids in [encoding.ids for encoding in encodings])


def keras_text(texts):
    """Keras `TextVectorization(ragged=True)` on TensorFlow, otherwise with its defaults, which drop
    punctuation; `adapt` on batches of 1,024, then one call, on all cores."""
    os.environ |= {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "2"}
    import keras
    import tensorflow as tf

    layer = keras.layers.TextVectorization(ragged=True)
    layer.adapt(tf.data.Dataset.from_tensor_slices(texts).batch(1024))
    return int(tf.size(layer(tf.constant(texts)).flat_values))


WAYS = {
    "ours": ours,
    "plain Python": plain_python,
    "CountVectorizer": count_vectorizer,
    "tokenizers": hugging_face,
    "Keras": keras_text,
    "our subwords": subwords,
    "subwords of tokenizers": hugging_face_subwords,
}
# What the others are compared with: the way of this package to the same kind of tokens.
OURS = {way: "our subwords" if "subwords" in way else "ours" for way in WAYS}
