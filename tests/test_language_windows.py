from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_rnn._language.data import documents_to_data, stream_to_data
from sklearn_rnn._language.texts import Texts, hold_out_texts
from sklearn_rnn._language.windows import LanguageWindows
from sklearn_rnn._text.sequences import sequences_from_flat


def corpus(lengths, seed=0):
    random = np.random.RandomState(seed)
    return sequences_from_flat(random.randint(1, 9, size=sum(lengths)).astype(np.int32), lengths)


def read_pairs(windows):
    """Return what is read and predicted at each place of the stream."""
    pairs = {}
    for window, _ in windows:
        for part in window.parts:
            ids = part.ids.data.numpy()
            assert len(ids) == len(part.targets) == part.ids.batch_sizes.sum()
            for place, id_, target in zip(part.places, ids, part.targets.tolist(), strict=True):
                assert place not in pairs
                pairs[place] = id_, target
    return pairs


LENGTHS = [5, 0, 12, 3, 3, 30, 1, 7]


@pytest.mark.parametrize("part_documents", [None, 1, 2])
@pytest.mark.parametrize("random_state", [None, np.random.RandomState(0)])
@pytest.mark.parametrize("bptt", [1, 4, 100])
def test_every_token_is_read_and_predicted_once(bptt, random_state, part_documents):
    data = documents_to_data(corpus(LENGTHS), n_ids=9)
    windows = LanguageWindows(
        data, 3, bptt=bptt, random_state=random_state, part_documents=part_documents
    )
    pairs = read_pairs(windows)
    assert sorted(pairs) == list(range(data.n_tokens))
    for place, (id_, target) in pairs.items():
        assert (id_, target) == (data.tokens[place], data.tokens[place + 1])


def test_a_document_is_read_from_one_boundary_to_the_next():
    X = corpus(LENGTHS)
    data = documents_to_data(X, n_ids=9)
    for row, (start, length) in enumerate(zip(data.starts, data.lengths, strict=True)):
        document = X.data[X.indptr[row] : X.indptr[row + 1]]
        assert_array_equal(data.tokens[start : start + length + 1], [0, *document, 0])


def test_windows_go_on_where_the_ones_before_have_ended():
    data = documents_to_data(corpus(LENGTHS), n_ids=9)
    windows = LanguageWindows(data, 3, bptt=4, random_state=np.random.RandomState(1))
    reached = {}
    for window, _ in windows:
        assert window.is_first == all(row not in reached for row in window.parts[0].rows)
        for part in window.parts:
            sizes = part.ids.batch_sizes.numpy()
            for rank, row in enumerate(part.rows):
                places = part.places[(np.cumsum(sizes) - sizes + rank)[sizes > rank]]
                assert len(places) <= 4
                expected = reached.get(row, data.starts[row])
                assert_array_equal(places, np.arange(expected, expected + len(places)))
                reached[row] = expected + len(places)
    assert reached == {row: data.starts[row] + data.lengths[row] for row in range(len(data))}


def test_parts_keep_their_sequences_from_window_to_window():
    data = documents_to_data(corpus([40, 39, 20, 19, 5, 4]), n_ids=9)
    windows = [w for w, _ in LanguageWindows(data, 6, bptt=8, part_documents=1)]
    assert len(windows[0].parts) == 2
    for before, after in pairwise(windows):
        for old, new in zip(before.parts, after.parts, strict=False):
            assert_array_equal(old.rows[: len(new.rows)], new.rows)


def test_cuts_differ_from_epoch_to_epoch_where_texts_are_long():
    data = stream_to_data(corpus([1000]), n_ids=9, n_pieces=2)
    windows = LanguageWindows(data, 2, bptt=100, random_state=np.random.RandomState(0))
    firsts = [len(next(iter(windows))[0].parts[0].ids.batch_sizes) for _ in range(10)]
    assert len(set(firsts)) > 1
    assert min(firsts) >= 50


def test_a_short_batch_is_one_window():
    data = documents_to_data(corpus([20, 19]), n_ids=9)
    windows = LanguageWindows(data, 2, bptt=21, random_state=np.random.RandomState(0))
    assert len(list(windows)) == 1


@pytest.mark.parametrize("batch_size", [1, 2, 64])
def test_the_mean_size_is_that_of_the_windows(batch_size):
    data = documents_to_data(corpus([99] * 6), n_ids=9)
    windows = [w for w, _ in LanguageWindows(data, batch_size, bptt=20)]
    assert windows[0].mean_size == pytest.approx(np.mean([len(w) for w in windows]))


@pytest.mark.parametrize("n_pieces", [1, 3, 7, 1000])
@pytest.mark.parametrize("warm_up", [0, 2, 50])
def test_pieces_score_each_token_of_a_stream_once(n_pieces, warm_up):
    X = corpus(LENGTHS)
    data = stream_to_data(X, n_ids=9, n_pieces=n_pieces, warm_up=warm_up)
    assert_array_equal(data.tokens, [0, *X.data])
    scored = np.zeros(data.n_tokens, int)
    for start, length, n in zip(data.starts, data.lengths, data.n_unscored, strict=True):
        assert n == min(warm_up, start + n)
        scored[start + n : start + length] += 1
    assert (scored == 1).all()


def test_ids_that_the_model_does_not_know_are_unknown():
    X = sequences_from_flat(np.array([2, 8, 9, 20], np.int32), [4])
    assert_array_equal(documents_to_data(X, n_ids=9).tokens, [0, 2, 8, 1, 1, 0])
    assert_array_equal(stream_to_data(X, 9, 1).tokens, [0, 2, 8, 1, 1])


class Params:
    def __init__(self, documents, validation_fraction=0.25):
        self.documents = documents
        self.validation_fraction = validation_fraction


def test_documents_are_set_aside_with_their_labels():
    X, labels = corpus([3] * 20), np.arange(20) % 2
    train, valid = hold_out_texts(Texts(X, labels), Params(True), seed=0)
    assert train.X.shape[0] == 15
    assert valid.X.shape[0] == 5
    whole = {(*row, label) for row, label in zip(X.toarray().tolist(), labels, strict=True)}
    for part in (train, valid):
        assert whole >= {
            (*r, y) for r, y in zip(part.X.toarray().tolist(), part.labels, strict=True)
        }


def test_the_end_of_a_stream_is_set_aside():
    X = corpus(LENGTHS)
    train, valid = hold_out_texts(Texts(X), Params(False), seed=0)
    assert_array_equal(np.append(train.X.data, valid.X.data), X.data)
    assert valid.X.nnz == np.ceil(0.25 * X.nnz)
    with pytest.raises(ValueError, match="leaves none to train on"):
        hold_out_texts(Texts(X), Params(False, 0.999), seed=0)
