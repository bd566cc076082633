"""Tokenizers that others made, as SubwordVectorizer takes them."""

import json
from pathlib import Path

import numpy as np
import pytest
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers, processors
from tokenizers.implementations import (
    BertWordPieceTokenizer,
    ByteLevelBPETokenizer,
    CharBPETokenizer,
    SentencePieceBPETokenizer,
    SentencePieceUnigramTokenizer,
)

from sklearn_rnn import SubwordVectorizer
from sklearn_rnn._text.byte_level import spell
from sklearn_rnn._text.tokenizer_json import check_tokenizer_json
from sklearn_rnn.datasets import load_drug_reviews

SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "[CLS]"]
KINDS = {
    "BERT": (BertWordPieceTokenizer, {}),
    "GPT-2": (ByteLevelBPETokenizer, {"special_tokens": SPECIAL}),
    "XLM-R": (SentencePieceUnigramTokenizer, {"special_tokens": SPECIAL, "unk_token": "<unk>"}),
    "GPT": (CharBPETokenizer, {}),
    "Llama": (SentencePieceBPETokenizer, {"special_tokens": SPECIAL}),
}


@pytest.fixture(scope="module")
def reviews():
    return load_drug_reviews(subset="train", return_X_y=True, as_frame=False)[0].tolist()[:200]


@pytest.fixture(scope="module", params=KINDS)
def tokenizer(request, reviews):
    """A tokenizer that adds special tokens, pads and truncates."""
    class_, params = KINDS[request.param]
    made = class_()
    made.train_from_iterator(reviews, vocab_size=600, show_progress=False, **params)
    tokenizer = made._tokenizer
    first = next(iter(tokenizer.get_added_tokens_decoder().values())).content
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{first} $A", special_tokens=[(first, tokenizer.token_to_id(first))]
    )
    tokenizer.enable_padding(length=500)
    tokenizer.enable_truncation(5)
    return tokenizer


@pytest.fixture(scope="module")
def fitted(tokenizer, reviews):
    return SubwordVectorizer(tokenizer=tokenizer).fit(reviews)


def pieces(tokenizer, text):
    """Return what a tokenizer that was set up for another use makes of a text."""
    bare = Tokenizer.from_str(tokenizer.to_str())
    bare.no_padding()
    bare.no_truncation()
    return bare.encode(text, add_special_tokens=False).tokens


def same(one, other):
    return one.shape == other.shape and (one != other).nnz == 0


def test_tokens_are_those_of_the_tokenizer(fitted, tokenizer, reviews):
    for text, row in zip(reviews, fitted.transform(reviews), strict=True):
        theirs = pieces(tokenizer, text)
        if " the" in fitted.vocabulary_:  # spelled for people
            theirs = list(map(spell, theirs))
        ours = fitted.tokens_[row.data].tolist()
        assert [a for a, b in zip(ours, theirs, strict=True) if a not in ("<unk>", b)] == []
        assert ours.count("<unk>") < len(ours) / 4


def test_ids_are_those_of_the_tokenizer_kept(fitted, reviews):
    encodings = Tokenizer.from_str(fitted.tokenizer_json_).encode_batch(reviews)
    X = fitted.transform(reviews)
    assert X.data.tolist() == [id_ for encoding in encodings for id_ in encoding.ids]


def test_the_most_frequent_token_comes_first(fitted, reviews):
    counts = np.bincount(fitted.transform(reviews).data, minlength=len(fitted.tokens_))
    assert (np.diff(counts[2:]) <= 0).all()


@pytest.mark.parametrize("name", ["[CLS]", "<s>", "<pad>", "[UNK]", "<unk>", "[MASK]"])
def test_names_of_special_tokens_are_read_as_text(fitted, tokenizer, name):
    assert name not in fitted.vocabulary_
    X = fitted.transform([name])
    assert len(X.data) > 1


def test_the_tokenizer_of_the_user_stays_as_it_is(tokenizer, reviews):
    before = tokenizer.to_str()
    SubwordVectorizer(tokenizer=tokenizer).fit(reviews).transform(reviews)
    assert tokenizer.to_str() == before


def test_documents_are_neither_padded_nor_truncated(fitted, reviews):
    lengths = np.diff(fitted.transform(reviews).indptr)
    assert lengths.min() < 50 and lengths.max() > 100


def test_text_comes_back(fitted):
    (text,) = fitted.inverse_transform(fitted.transform(["this was not good for me"]))
    assert text.strip() == "this was not good for me"


def test_spans_say_where_tokens_stand(fitted):
    text = "It helped me"
    (spans,) = fitted.token_spans([text])
    assert "".join(text[start:stop] for start, stop in spans).replace(" ", "") == "Ithelpedme"


def test_a_file_a_folder_and_a_tokenizer_of_transformers_are_the_same(
    fitted, tokenizer, reviews, tmp_path
):
    class Fast:
        """As a fast tokenizer of transformers."""

        backend_tokenizer = tokenizer

        def save_pretrained(self, folder):
            tokenizer.save(f"{folder}/tokenizer.json")

    Fast().save_pretrained(tmp_path)
    for given in (Fast(), tmp_path, str(tmp_path / "tokenizer.json")):
        other = SubwordVectorizer(tokenizer=given).fit(reviews)
        assert same(other.transform(reviews), fitted.transform(reviews))


def test_what_it_made_itself_is_read_again(fitted, reviews):
    again = SubwordVectorizer(tokenizer=Tokenizer.from_str(fitted.tokenizer_json_)).fit(reviews)
    assert same(again.transform(reviews), fitted.transform(reviews))


def test_what_is_kept_passes_the_checks_of_load(fitted):
    check_tokenizer_json(fitted.tokenizer_json_)


def test_tokens_that_a_user_added_are_kept():
    for model in (
        models.WordLevel({"[UNK]": 0, "see": 1}, unk_token="[UNK]"),
        models.Unigram([("[UNK]", 0.0), ("see", -1.0), (" ", -2.0)], unk_id=0),
    ):
        tokenizer = Tokenizer(model)
        tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
        tokenizer.add_tokens([AddedToken("<url>"), AddedToken("<user>")])
        tokenizer.add_special_tokens(["[SEP]"])
        fitted = SubwordVectorizer(tokenizer=tokenizer).fit(["see <user>", "<user>"])
        assert {"see", "<url>", "<user>"} <= fitted.vocabulary_.keys()
        tokens = fitted.tokens_[fitted.transform(["see <url> [SEP]"]).data].tolist()
        assert tokens == ["see", "<url>", "<unk>"]
        check_tokenizer_json(fitted.tokenizer_json_)


def test_chance_is_off(reviews):
    learned = SubwordVectorizer(vocab_size=600).fit(reviews)
    content = json.loads(learned.tokenizer_json_)
    content["model"]["dropout"] = 0.5
    noisy = SubwordVectorizer(tokenizer=Tokenizer.from_str(json.dumps(content))).fit(reviews)
    assert (noisy.transform(reviews) != learned.transform(reviews)).nnz == 0


@pytest.mark.parametrize("content", ["", "{}", "no tokenizer", '{"model": {"type": "BPE"'])
def test_files_that_are_no_tokenizer_are_refused(content, tmp_path):
    path = Path(tmp_path, "tokenizer.json")
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=r"The 'tokenizer' parameter .* Got '.*tokenizer\.json'"):
        SubwordVectorizer(tokenizer=path).fit(["text"])


def test_a_file_that_is_not_there_is_an_error_of_files():
    with pytest.raises(FileNotFoundError):
        SubwordVectorizer(tokenizer="nowhere/tokenizer.json").fit(["text"])


def test_a_slow_tokenizer_of_transformers_is_refused():
    class Slow:
        def save_pretrained(self, folder):
            raise NotImplementedError

    with pytest.raises(TypeError, match=r"fast tokenizer of transformers.* Got Slow instead"):
        SubwordVectorizer(tokenizer=Slow()).fit(["text"])
