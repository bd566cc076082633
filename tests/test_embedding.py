import math

import pytest
import torch

from sklearn_rnn._text.vocabulary import UNKNOWN_ID
from sklearn_rnn.modules import TokenEmbedding, UniqueRows, WordDropout


def scaled_rows(embedding, ids):
    """Return the rows of the table as the network is to see them."""
    return embedding.output_size**0.5 * embedding.table.weight[ids]


def test_every_token_is_looked_up_in_the_table():
    embedding = TokenEmbedding(10, 3)
    ids = [4, 9, 1, 4]
    expected = torch.stack([math.sqrt(3) * embedding.table.weight[i] for i in ids])
    assert torch.equal(embedding(torch.tensor(ids)), expected)


@pytest.mark.parametrize("embedding_dim", [4, 100, 400])
def test_vectors_start_with_unit_variance_and_the_table_with_less(embedding_dim):
    torch.manual_seed(0)
    embedding = TokenEmbedding(2000, embedding_dim)
    vectors = embedding(torch.arange(1, 2000))
    assert vectors.square().mean().item() == pytest.approx(1, abs=0.1)
    # Of a word: the squares of all its features.
    norms = embedding.table.weight[1:].square().sum(dim=1)
    assert norms.mean().item() == pytest.approx(1, abs=0.1)


def test_padding_starts_at_zero():
    assert not TokenEmbedding(10, 3).table.weight[0].any()


@pytest.mark.parametrize("dtype", [torch.int32, torch.int64])
def test_ids_beyond_the_table_are_read_as_unknown(dtype):
    embedding = TokenEmbedding(10, 3)
    vectors = embedding(torch.tensor([9, 10, 11, 2**31 - 1], dtype=dtype))
    assert torch.equal(vectors, scaled_rows(embedding, [9] + [UNKNOWN_ID] * 3))


def test_ids_beyond_the_table_train_the_unknown_token():
    embedding = TokenEmbedding(10, 4)
    embedding(torch.tensor([10, 25, 4])).sum().backward()
    counts = embedding.table.weight.grad[:, 0] / 2  # the root of 4 scales the vectors
    assert {row: int(counts[row]) for row in counts.nonzero().ravel().tolist()} == {
        UNKNOWN_ID: 2,
        4: 1,
    }


def test_the_ids_of_the_caller_are_left_alone():
    ids = torch.tensor([4, 50, 9])
    TokenEmbedding(10, 3, word_dropout=0.9)(ids)
    assert ids.tolist() == [4, 50, 9]


def test_sparse_gradient_equals_the_dense_one():
    sparse, dense = (TokenEmbedding(10, 3, sparse=kind) for kind in (True, False))
    sparse.load_state_dict(dense.state_dict())
    ids, upstream = torch.tensor([4, 9, 4, 30]), torch.randn(4, 3)
    for embedding in (sparse, dense):
        (embedding(ids) * upstream).sum().backward()
    assert sparse.table.weight.grad.is_sparse
    torch.testing.assert_close(
        sparse.table.weight.grad.to_dense(), dense.table.weight.grad, rtol=0, atol=1e-6
    )


def test_dropout_of_features_acts_in_training_only():
    embedding = TokenEmbedding(10, 200, dropout=0.5)
    ids = torch.tensor([2, 3])
    kept = embedding(ids) != 0
    assert 0.3 < kept.float().mean() < 0.7
    assert torch.equal(embedding.eval()(ids), scaled_rows(embedding, ids))


@pytest.mark.parametrize("p", [0.1, 0.4, 0.9])
def test_word_dropout_replaces_the_share_asked_for(p):
    torch.manual_seed(0)
    ids = torch.randint(2, 50, (20_000,))
    dropped = WordDropout(p)(ids)
    replaced = dropped != ids
    assert (dropped[replaced] == UNKNOWN_ID).all()
    # six standard deviations
    assert abs(replaced.double().mean().item() - p) < 6 * (p * (1 - p) / len(ids)) ** 0.5


def test_word_dropout_draws_anew_in_every_batch():
    dropout, ids = WordDropout(0.5), torch.full((1000,), 7)
    assert not torch.equal(dropout(ids), dropout(ids))


def test_word_dropout_acts_in_training_only():
    ids = torch.full((1000,), 7)
    assert torch.equal(WordDropout(0.5).eval()(ids), ids)


def test_word_dropout_of_nothing_changes_nothing():
    ids = torch.full((1000,), 7)
    assert torch.equal(WordDropout(0.0)(ids), ids)


def test_embedding_hands_on_its_word_dropout():
    embedding = TokenEmbedding(10, 3, word_dropout=0.5)
    vectors = embedding(torch.full((1000,), 7))
    unknown = (vectors == scaled_rows(embedding, UNKNOWN_ID)).all(dim=1)
    assert 0.4 < unknown.double().mean() < 0.6
    assert torch.equal(vectors[~unknown], scaled_rows(embedding, [7] * int((~unknown).sum())))


@pytest.mark.parametrize("sparse", [False, True])
def test_repeated_tokens_give_the_same_vectors_and_gradient(sparse):
    torch.manual_seed(0)
    embedding = TokenEmbedding(10, 3, sparse=sparse)
    ids = torch.tensor([4, 9, 1, 4, 12, 4], dtype=torch.int32)
    weights = torch.randn(6, 3)
    repeated = embedding(ids, unique=True)
    assert isinstance(repeated, UniqueRows)
    assert len(repeated.rows) == 3  # 12 is beyond the table, and read as 1
    (found,) = torch.autograd.grad((repeated.dense() * weights).sum(), embedding.table.weight)
    plain = embedding(ids)
    (expected,) = torch.autograd.grad((plain * weights).sum(), embedding.table.weight)
    assert torch.equal(repeated.dense(), plain)
    if sparse:
        found, expected = found.to_dense(), expected.to_dense()
    torch.testing.assert_close(found, expected)


def test_tokens_whose_features_are_dropped_do_not_repeat():
    embedding = TokenEmbedding(10, 3, dropout=0.5)
    ids = torch.tensor([4, 4])
    assert isinstance(embedding(ids, unique=True), torch.Tensor)
    assert isinstance(embedding.eval()(ids, unique=True), UniqueRows)


def test_a_word_that_is_dropped_stays_elsewhere():
    torch.manual_seed(0)
    repeated = TokenEmbedding(10, 3, word_dropout=0.5)(torch.full((1000,), 4), unique=True)
    assert len(repeated.rows) == 2
    assert 400 < (repeated.index == 0).sum() < 600


# A table of another width, and one that does not learn


@pytest.mark.parametrize("unique", [False, True])
def test_a_projection_leads_from_the_table_to_the_width_asked_for(unique):
    embedding = TokenEmbedding(10, 3, vector_size=5)
    ids = torch.tensor([4, 2, 4])
    vectors = embedding(ids, unique=unique)
    vectors = vectors.dense() if unique else vectors
    rows = math.sqrt(5) * embedding.table.weight[ids]
    torch.testing.assert_close(
        vectors, torch.stack([embedding.projection.weight @ r for r in rows])
    )


def test_a_table_of_the_width_asked_for_needs_no_projection():
    assert TokenEmbedding(10, 3, vector_size=3).projection is None


def test_projected_vectors_start_with_unit_variance():
    vectors = TokenEmbedding(2000, 200, vector_size=50)(torch.arange(2, 2000)).detach()
    assert float(vectors.square().mean()) == pytest.approx(1, abs=0.1)


def test_rows_that_are_set_are_what_the_network_reads():
    embedding = TokenEmbedding(10, 3)
    before = embedding(torch.arange(10)).detach()
    vectors = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    embedding.set_rows(torch.tensor([7, 2]), vectors)
    after = embedding(torch.arange(10)).detach()
    torch.testing.assert_close(after[[7, 2]], vectors)
    others = [0, 1, 3, 4, 5, 6, 8, 9]
    assert torch.equal(after[others], before[others])


@pytest.mark.parametrize("sparse", [False, True])
def test_a_frozen_table_gets_no_gradient_and_the_projection_does(sparse):
    embedding = TokenEmbedding(10, 3, vector_size=5, sparse=sparse)
    embedding.freeze()
    embedding(torch.tensor([4, 2])).sum().backward()
    assert embedding.table.weight.grad is None
    assert embedding.projection.weight.grad.any()
    embedding.freeze(False)
    embedding(torch.tensor([4, 2])).sum().backward()
    assert embedding.table.weight.grad is not None
