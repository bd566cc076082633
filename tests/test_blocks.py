from unittest.mock import patch

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.utils.rnn import pack_sequence

from sklearn_rnn.modules import PackedLayout, TimeBlocks, _blocks
from sklearn_rnn.modules._blocks import MAX_PADDING

lengths_of_documents = st.lists(st.integers(1, 9), min_size=1, max_size=8).map(
    lambda lengths: sorted(lengths, reverse=True)
)
every_case = given(
    lengths=lengths_of_documents, reverse=st.booleans(), max_padding=st.integers(0, 12)
)


def make_blocks(lengths, **params):
    layout = PackedLayout(pack_sequence([torch.zeros(n) for n in lengths]).batch_sizes)
    return TimeBlocks(layout, **params)


def make_tokens(lengths):
    """Return (document, position) of each token in packed order, counted from 1."""
    documents = [
        torch.tensor([[j + 1.0, t + 1.0] for t in range(n)]) for j, n in enumerate(lengths)
    ]
    return pack_sequence(documents).data


@settings(deadline=None)
@given(lengths=lengths_of_documents)
def test_without_padding_no_document_ends_within_a_block(lengths):
    expected, step = [], 0
    for end in sorted(set(lengths)):
        expected.append((end - step, sum(length >= end for length in lengths)))
        step = end
    assert make_blocks(lengths, max_padding=0).shapes == expected


@settings(deadline=None)
@every_case
def test_each_step_of_the_blocks_holds_that_step_of_each_document(lengths, reverse, max_padding):
    blocks = make_blocks(lengths, reverse=reverse, max_padding=max_padding)
    step = 0
    for block in blocks.split(make_tokens(lengths)):
        n_padding = 0
        for row in block:
            for j, (document, position) in enumerate(row.tolist()):
                if step < lengths[j]:
                    read = lengths[j] - step if reverse else step + 1
                    assert (document, position) == (j + 1, read)
                else:
                    assert (document, position) == (0, 0)
                    n_padding += 1
            # Of the documents that left the batch none goes on.
            assert all(length <= step for length in lengths[len(row) :])
            step += 1
        assert n_padding <= max_padding
    assert step == max(lengths)


@settings(deadline=None)
@every_case
def test_join_undoes_split(lengths, reverse, max_padding):
    blocks = make_blocks(lengths, reverse=reverse, max_padding=max_padding)
    tokens = make_tokens(lengths)
    assert torch.equal(blocks.join(blocks.split(tokens)), tokens)


@settings(deadline=None, max_examples=20)
@every_case
def test_gradients_are_those_of_the_tokens_alone(lengths, reverse, max_padding):
    blocks = make_blocks(lengths, reverse=reverse, max_padding=max_padding)
    tokens = make_tokens(lengths).double().requires_grad_()

    def through_blocks(x):
        # Padding holds numbers of its own on the way back, which must not come along.
        return blocks.join([block**2 + 1 for block in blocks.split(x)])

    torch.autograd.gradcheck(through_blocks, tokens)
    torch.autograd.gradgradcheck(through_blocks, tokens)


def test_documents_of_like_lengths_make_one_block():
    lengths = [20] * 6 + [19] * 6 + [18] * 6
    assert make_blocks(lengths).shapes == [(20, 18)]


def test_a_long_document_is_not_padded_to():
    shapes = make_blocks([1000] + [10] * 15).shapes
    assert sum(steps * documents for steps, documents in shapes) <= 1000 + 150 + MAX_PADDING
    assert shapes[-1][1] == 1


def test_padding_that_is_infinite_does_not_spread():
    blocks = make_blocks([3, 1])
    (first,) = blocks.split(make_tokens([3, 1]))
    spoilt = torch.where(first == 0, torch.inf, first)
    assert blocks.join([spoilt]).isfinite().all()


@pytest.mark.parametrize("reverse", [False, True])
def test_tokens_that_need_no_padding_are_not_copied(reverse):
    tokens = make_tokens([3, 3])
    (block,) = make_blocks([3, 3], reverse=reverse).split(tokens)
    assert (block.data_ptr() == tokens.data_ptr()) == (not reverse)


def test_on_a_gpu_there_is_one_block():
    layout = PackedLayout(torch.tensor([2, 1] + [1] * 1000), torch.device("meta"))
    assert TimeBlocks(layout).shapes == [(1002, 2)]


@settings(deadline=None)
@given(lengths=lengths_of_documents, reverse=st.booleans(), max_rows=st.integers(1, 20))
def test_large_blocks_are_cut(lengths, reverse, max_rows):
    with patch.object(_blocks, "MAX_ROWS", max_rows):
        blocks = make_blocks(lengths, reverse=reverse)
        tokens = make_tokens(lengths)
        parts = blocks.split(tokens)
        assert sum(map(len, parts)) == max(lengths)
        for n_steps, n_documents in blocks.shapes:
            assert n_steps == 1 or n_steps * n_documents <= max_rows
        assert torch.equal(blocks.join(parts), tokens)
