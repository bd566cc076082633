import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.utils.rnn import pack_sequence

from sklearn_rnn.modules import NGramLinear, TokenEmbedding
from sklearn_rnn.modules import kernels as own_kernels

try:
    own_kernels.load_kernels()
except RuntimeError as error:
    pytest.skip(str(error), allow_module_level=True)

UNKNOWN = 1


# Few ids for many tokens, and many for few: two ways to find the distinct ones.
@pytest.mark.parametrize("n_ids", [4, 20, 10_000])
@given(ids=st.lists(st.integers(0, 30), min_size=1, max_size=200))
@settings(max_examples=30, deadline=None)
def test_distinct_ids_are_those_of_torch(n_ids, ids):
    ids = torch.tensor(ids, dtype=torch.int32)
    unique, index = own_kernels.unique_ids(ids, n_ids, UNKNOWN)
    known = ids.masked_fill(ids >= n_ids, UNKNOWN).long()
    expected, expected_index = torch.unique(known, return_inverse=True)
    assert torch.equal(unique, expected)
    assert torch.equal(index, expected_index)


def test_no_ids_have_no_distinct_ones():
    unique, index = own_kernels.unique_ids(torch.empty(0, dtype=torch.int32), 5, UNKNOWN)
    assert len(unique) == len(index) == 0


def test_negative_ids_are_refused():
    with pytest.raises(IndexError, match="Token ids must be at least 0"):
        own_kernels.unique_ids(torch.tensor([3, -1], dtype=torch.int32), 5, UNKNOWN)


@pytest.mark.parametrize("sparse", [False, True])
def test_vectors_of_distinct_ids_have_the_gradient_of_a_table(sparse):
    embedding = TokenEmbedding(6, 3, sparse=sparse)
    ids = torch.tensor([0, 4, 2, 4, 9, 1], dtype=torch.int32)
    grad = torch.randn(6, 3)
    (ours,) = torch.autograd.grad(
        embedding(ids, unique=True).dense(), list(embedding.parameters()), grad
    )
    (theirs,) = torch.autograd.grad(embedding(ids), list(embedding.parameters()), grad)
    assert ours.is_sparse == sparse
    torch.testing.assert_close(ours.to_dense(), theirs.to_dense())
    assert torch.equal(embedding(ids, unique=True).dense(), embedding(ids))


@given(seed=st.integers(0, 10**6), n_ids=st.sampled_from([3, 12, 200]))
@settings(max_examples=30, deadline=None)
def test_the_wide_path_by_a_kernel_is_that_of_torch(seed, n_ids):
    torch.manual_seed(seed)
    lengths = sorted(torch.randint(1, 30, (9,)).tolist(), reverse=True)
    # Some of them unknown, some beyond all that the path knows.
    ids = pack_sequence([torch.randint(1, n_ids + 3, (n,), dtype=torch.int32) for n in lengths])
    pairs = torch.unique(torch.randint(n_ids**2, (50,)))[: n_ids - 3]
    assert_same_wide_path(ids, n_ids, pairs)


# More rows of the table than 22 bits can number, and documents of more n-grams than are sorted by
# comparing them.
@pytest.mark.parametrize("n_ids", [50, 5_000_000])
def test_long_documents_of_many_words_have_the_wide_path_of_torch(n_ids):
    torch.manual_seed(0)
    words = torch.randint(2, n_ids, (200,))
    documents = [words[torch.randint(len(words), (n,))].int() for n in (700, 300, 40)]
    pairs = torch.unique(documents[0][:-1].long() * n_ids + documents[0][1:])
    assert_same_wide_path(pack_sequence(documents), n_ids, pairs)


def assert_same_wide_path(ids, n_ids, pairs):
    idf = torch.rand(n_ids) + 1, torch.rand(len(pairs)) + 1
    wide = NGramLinear(3, idf[0], pairs, idf[1], sparse=True, kernels=True)
    for parameter in wide.parameters():
        torch.nn.init.normal_(parameter)
    ours, theirs = wide._by_kernel(ids), wide._by_torch(ids)
    torch.testing.assert_close(ours, theirs)
    parameters, grad = [wide.table.weight, wide.bias], torch.randn_like(ours)
    our_rows, our_bias = torch.autograd.grad(ours, parameters, grad)
    their_rows, their_bias = torch.autograd.grad(theirs, parameters, grad)
    torch.testing.assert_close(our_rows, their_rows.coalesce())
    torch.testing.assert_close(our_bias, their_bias)


def test_the_wide_path_of_other_numbers_is_left_to_torch():
    ids = pack_sequence([torch.tensor([2, 3])])
    arguments = torch.ones(4), torch.tensor([11]), torch.ones(1)
    by_kernel = NGramLinear(2, *arguments, sparse=True, kernels=True)
    assert by_kernel._by_kernel(ids) is None  # int64
    ids = ids._replace(data=ids.data.int())
    assert by_kernel._by_kernel(ids) is not None
    assert by_kernel.double()._by_kernel(ids) is None
    assert NGramLinear(2, *arguments, sparse=False, kernels=True)._by_kernel(ids) is None
    assert NGramLinear(2, *arguments, sparse=True)._by_kernel(ids) is None
