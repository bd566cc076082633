import numpy as np
import pytest

from sklearn_rnn import SequenceVectorizer
from sklearn_rnn._text.indexing import index_documents, look_up, read_documents
from sklearn_rnn._text.vocabulary import Vocabulary, index_tokens
from sklearn_rnn._text.words import TOKEN_PATTERN
from sklearn_rnn.datasets import load_tweet_sentiment

TWEETS = load_tweet_sentiment(return_X_y=True, as_frame=False)[0][:2000].tolist()


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"token_pattern": TOKEN_PATTERN},
        {"lowercase": False, "stop_words": "english"},
        {"strip_accents": "unicode"},
        {"strip_accents": "ascii"},
        {"preprocessor": str.upper},
        {"token_pattern": r"\w+ \w+"},
        {"analyzer": "char"},
        {"analyzer": str.split},
    ],
    ids=str,
)
@pytest.mark.parametrize("n_documents", [5, 2000])
def test_tweets_are_indexed_and_looked_up_as_word_by_word(params, n_documents):
    documents = TWEETS[:n_documents]
    analyze = SequenceVectorizer(**params).build_analyzer()
    expected = index_tokens(documents, analyze)
    tokens, occurrences, lengths = index_documents(documents, analyze)
    assert tokens == expected[0]
    np.testing.assert_array_equal(occurrences, expected[1])
    np.testing.assert_array_equal(lengths, expected[2])
    vocabulary = Vocabulary.from_user(tokens[::2])
    ids, lengths = look_up(documents, analyze, vocabulary)
    np.testing.assert_array_equal(ids, vocabulary.lookup(expected[0])[expected[1]])
    np.testing.assert_array_equal(lengths, expected[2])


def test_an_overridden_stage_is_heard():
    class Reversed(SequenceVectorizer):
        def build_tokenizer(self):
            return lambda text: text[::-1].split()

    vectorizer = Reversed()
    X = vectorizer.fit_transform(["ab c"] * 100)
    assert vectorizer.inverse_transform(X[:1]) == [["c", "ba"]]
    assert (vectorizer.transform(["ab c"] * 100) != X).nnz == 0


def test_documents_are_read_by_the_parameters_of_the_vectorizer():
    vectorizer = SequenceVectorizer(missing="empty", encoding="latin-1")
    assert read_documents([None, "ä".encode("latin-1")], vectorizer) == ["", "ä"]
    with pytest.raises(TypeError, match="cannot be split further"):
        read_documents([["a"]], SequenceVectorizer(analyzer="char"))
    assert read_documents([{"a": 1}], SequenceVectorizer(analyzer=list)) == [{"a": 1}]
