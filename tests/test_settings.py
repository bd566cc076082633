import pytest

from sklearn_rnn import RNNTextClassifier, SequenceVectorizer, SubwordVectorizer
from sklearn_rnn._training.settings import resolve_training_length


@pytest.mark.parametrize(
    ("vectorizer", "expected"),
    [
        (None, [30, 10, 3]),
        (SequenceVectorizer(), [30, 10, 3]),
        (SubwordVectorizer(), [30, 10, 3]),
        (SequenceVectorizer(analyzer="char"), [30, 30, 10]),
    ],
    ids=repr,
)
def test_few_documents_and_characters_are_read_more_often(vectorizer, expected):
    sizes = [50, 900, 10_000]
    found = [resolve_training_length(RNNTextClassifier(), n, vectorizer)[1] for n in sizes]
    assert found == expected


def test_epochs_that_were_set_are_left_alone():
    clf = RNNTextClassifier(max_epochs=2, batch_size=7)
    assert resolve_training_length(clf, 900, SequenceVectorizer(analyzer="char")) == (7, 2)
