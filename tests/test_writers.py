import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from sklearn_rnn import SequenceVectorizer, SubwordVectorizer
from sklearn_rnn._language.continuation import Continuation
from sklearn_rnn._language.writers import make_writer
from sklearn_rnn._text.vocabulary import FIRST_ID

TEXTS = ["The lowest of the low, é and 日本, naïve 👍🏽!", "Don't (ever)  do that."]
PLAIN = {"lowercase": False, "normalization": None}


def write(writer, ids, prompt=""):
    state, pieces = writer.start(prompt), []
    for id_ in ids:
        piece, state = writer.write(state, int(id_))
        pieces.append(piece)
    return [*pieces, writer.end(state)]


def sentencepiece_like(byte_fallback):
    bytes_ = [f"<0x{byte:02X}>" for byte in range(256)] if byte_fallback else []
    words = ["<unk>", *bytes_, "▁The", "▁low", "est", "▁of", "▁the", ",", "▁", "n", "a", "ve"]
    model = models.Unigram([(word, -float(i)) for i, word in enumerate(words)], 0, byte_fallback)
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace()])
    return tokenizer


def bert_like():
    words = ["[UNK]", "the", "low", "##est", "of", ",", "!", "##ly", "don", "'", "t"]
    vocab = {word: i for i, word in enumerate(words)}
    tokenizer = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer


SUBWORDS = {
    "bpe": SubwordVectorizer(vocab_size=280, **PLAIN),
    "wordpiece": SubwordVectorizer(model="wordpiece", vocab_size=280, **PLAIN),
    "unigram": SubwordVectorizer(model="unigram", vocab_size=280, **PLAIN),
    "bytes of SentencePiece": SubwordVectorizer(tokenizer=sentencepiece_like(True)),
    "SentencePiece": SubwordVectorizer(tokenizer=sentencepiece_like(False)),
    "BERT": SubwordVectorizer(tokenizer=bert_like()),
}
BYTES = ["bpe", "wordpiece", "unigram", "bytes of SentencePiece"]


@pytest.fixture(scope="module", params=SUBWORDS)
def subwords(request):
    return SUBWORDS[request.param].fit(TEXTS)


@pytest.mark.parametrize("text", [*TEXTS, " two  spaces", "", "Thelowest lowlow , of"])
def test_subwords_are_written_as_the_inverse_transform_has_them(subwords, text):
    X = subwords.transform([text])
    kept = X.data[X.data >= FIRST_ID]  # the unknown token is never written
    expected = subwords.inverse_transform([kept])[0] if len(kept) else ""
    assert "".join(write(make_writer(subwords), kept)) == expected


@pytest.mark.parametrize("text", [*TEXTS, "Thelowest lowlow , of"])
def test_subwords_after_a_prompt_continue_it(subwords, text):
    X = subwords.transform([text])
    kept = X.data[X.data >= FIRST_ID]
    whole = subwords.inverse_transform([kept])[0]
    for cut in range(1, len(kept)):
        prompt = subwords.inverse_transform([kept[:cut]])[0]
        if not prompt.endswith("\ufffd"):
            assert prompt + "".join(write(make_writer(subwords), kept[cut:], prompt)) == whole


@pytest.mark.parametrize("name", BYTES)
def test_a_character_of_several_bytes_comes_whole(name):
    vectorizer = SUBWORDS[name].fit(TEXTS)
    ids = vectorizer.transform(["The 字 €"]).data
    pieces = write(make_writer(vectorizer), ids)
    assert len(ids) > 5 and "字" in pieces
    assert "".join(pieces) == "The 字 €"
    assert "\ufffd" not in "".join(pieces)


@pytest.mark.parametrize("name", BYTES)
def test_bytes_that_are_no_character_are_replaced(name):
    vectorizer = SUBWORDS[name].fit(TEXTS)
    ids = vectorizer.transform(["€"]).data[-3:]  # three bytes
    writer = make_writer(vectorizer)
    assert write(writer, ids[:2], "x") == ["", "", "\ufffd"]
    assert write(writer, [ids[0], ids[0], *ids], "x") == ["", "\ufffd", "\ufffd", "", "€", ""]


@given(ids=st.lists(st.integers(2, 257), max_size=20))
@settings(deadline=None)
def test_any_bytes_are_written_as_the_inverse_transform_has_them(ids):
    vectorizer = SubwordVectorizer(vocab_size=280, **PLAIN).fit(TEXTS)
    expected = vectorizer.inverse_transform([ids])[0] if ids else ""
    assert "".join(write(make_writer(vectorizer), ids)) == expected


@pytest.mark.parametrize("analyzer", ["char", list])
def test_characters_are_written_as_they_are(analyzer):
    vectorizer = SequenceVectorizer(analyzer=analyzer, lowercase=False).fit(TEXTS)
    for text in TEXTS:
        assert write(make_writer(vectorizer), vectorizer.transform([text]).data) == [*text, ""]


def test_characters_without_spaces_are_written_as_they_are():
    vectorizer = SequenceVectorizer(analyzer="char").fit(["anna", "bob"])
    assert write(make_writer(vectorizer), vectorizer.transform(["nob"]).data) == [*"nob", ""]


def test_words_are_joined():
    vectorizer = SequenceVectorizer(lowercase=False).fit(TEXTS)
    text = "Don't (ever) do that."
    assert "".join(write(make_writer(vectorizer), vectorizer.transform([text]).data)) == text
    assert write(make_writer(vectorizer), vectorizer.transform(["low,"]).data, "The")[0] == " low"


def test_a_vectorizer_without_tokens_is_refused():
    with pytest.raises(TypeError, match=r"attribute 'tokens_'\. object has none"):
        make_writer(object())


VOCABULARY = SequenceVectorizer(analyzer="char").fit(["abc"]).vocabulary_


def continuation(text, stop):
    writer = make_writer(SequenceVectorizer(analyzer="char").fit(["abc"]))
    new = Continuation(writer, writer.start(""), stop)
    taken = []
    for character in text:
        new.add(VOCABULARY[character])
        taken.append(new.take())
        if new.is_stopped:
            break
    whole = new.finish()
    return [*taken, new.take()], whole, new.is_stopped


def test_text_ends_before_the_stop_string_and_holds_back_its_beginning():
    assert continuation("aabab", ("abb",)) == (["", "a", "", "ab", "", "ab"], "aabab", False)
    assert continuation("aabbc", ("abb",)) == (["", "a", "", "", ""], "a", True)


@given(
    text=st.text("abc", max_size=12),
    stop=st.lists(st.text("abc", min_size=1, max_size=4), max_size=3).map(tuple),
)
@settings(deadline=None)
def test_the_stop_string_that_is_complete_first_ends_the_text(text, stop):
    expected, stopped = text, False
    for end in range(len(text) + 1):
        starts = [end - len(each) for each in stop if text[:end].endswith(each)]
        if starts:
            expected, stopped = text[: min(starts)], True
            break
    taken, whole, is_stopped = continuation(text, stop)
    assert (whole, is_stopped) == (expected, stopped)
    assert "".join(taken) == whole


def test_a_copy_goes_on_by_itself():
    writer = make_writer(SequenceVectorizer(analyzer="char").fit(["abc"]))
    text = Continuation(writer, None, ("cc",))
    text.add(VOCABULARY["c"])
    other = text.copy()
    other.add(VOCABULARY["c"])
    text.add(VOCABULARY["a"])
    assert (text.finish(), other.finish()) == ("ca", "")


def test_pieces_of_unknown_and_padding_are_not_bytes_of_others():
    vectorizer = SubwordVectorizer().fit(TEXTS)
    pieces = vectorizer._subwords.pieces
    assert len(pieces) == len(vectorizer.tokens_)
    assert len(np.unique([piece.hex() for piece in pieces])) == len(pieces)
