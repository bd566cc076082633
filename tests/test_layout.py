import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.utils.rnn import pack_sequence

from sklearn_rnn.modules import PackedLayout

lengths_of_documents = st.lists(st.integers(1, 9), min_size=1, max_size=8).map(
    lambda lengths: sorted(lengths, reverse=True)
)


def make_layout(lengths):
    """Return the layout that torch gives documents of these lengths."""
    return PackedLayout(pack_sequence([torch.zeros(n) for n in lengths]).batch_sizes)


def tokens_in_order(lengths):
    """List (document, position) of each token, step by step."""
    return [
        (document, step)
        for step in range(max(lengths))
        for document, length in enumerate(lengths)
        if step < length
    ]


def naive_properties(lengths):
    """Compute every property by looking tokens up in the list of them."""
    tokens = tokens_in_order(lengths)
    documents = range(len(lengths))
    return {
        "lengths": list(lengths),
        "positions": [step for _, step in tokens],
        "documents": [document for document, _ in tokens],
        "last": [tokens.index((j, lengths[j] - 1)) for j in documents],
        "by_document": [tokens.index((j, t)) for j in documents for t in range(lengths[j])],
        "previous": [tokens.index((j, t - 1)) for j, t in tokens if t],
    }


@pytest.mark.parametrize("name", naive_properties([1]))
@settings(deadline=None)
@given(lengths=lengths_of_documents)
def test_index_equals_a_search_in_the_list_of_tokens(name, lengths):
    index = getattr(make_layout(lengths), name)
    assert index.dtype == torch.int64
    assert index.tolist() == naive_properties(lengths)[name]


@settings(deadline=None)
@given(lengths=lengths_of_documents)
def test_n_documents_is_the_number_of_documents(lengths):
    assert make_layout(lengths).n_documents == len(lengths)


@settings(deadline=None)
@given(lengths=lengths_of_documents, data=st.data())
def test_token_index_finds_one_step_of_each_document(lengths, data):
    steps = [data.draw(st.integers(0, length - 1)) for length in lengths]
    tokens = tokens_in_order(lengths)
    index = make_layout(lengths).token_index(torch.tensor(steps))
    assert index.tolist() == [tokens.index((j, t)) for j, t in enumerate(steps)]


@settings(deadline=None)
@given(lengths=lengths_of_documents, data=st.data())
def test_token_index_finds_several_steps_of_each_document(lengths, data):
    steps = [
        data.draw(st.lists(st.integers(0, length - 1), min_size=3, max_size=3))
        for length in lengths
    ]
    tokens = tokens_in_order(lengths)
    index = make_layout(lengths).token_index(torch.tensor(steps))
    assert index.tolist() == [[tokens.index((j, t)) for t in row] for j, row in enumerate(steps)]


@pytest.mark.parametrize("name", ["lengths", "positions", "documents", "last"])
def test_index_lies_on_the_device_asked_for(name):
    layout = PackedLayout(torch.tensor([2, 1]), torch.device("meta"))
    assert getattr(layout, name).device.type == "meta"
