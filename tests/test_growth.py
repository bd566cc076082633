"""Networks that grow rows for new words."""

import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.utils.rnn import pack_sequence

from sklearn_rnn._text.ngrams import NGrams
from sklearn_rnn._training.growth import (
    RoomToGrow,
    count_known_ids,
    find_ngrams,
    grow_embeddings,
    grow_wide_path,
)
from sklearn_rnn._training.optimizers import LazyAdamW
from sklearn_rnn.modules import NGramLinear, TokenEmbedding

DOCUMENTS = [torch.tensor([2, 3, 4, 2, 3]), torch.tensor([4, 2]), torch.tensor([1, 3])]


def make_wide(n_ids, pairs, seed=0):
    """Return a wide path of random weights and frequencies that depend on words and pairs alone."""
    keys = np.array(sorted(a * n_ids + b for a, b in pairs), dtype=np.int64)
    pair_idf = np.array([1 + 0.01 * (k // n_ids) + 0.1 * (k % n_ids) for k in keys], np.float32)
    ngrams = NGrams(1 + 0.1 * np.arange(n_ids, dtype=np.float32), keys, pair_idf)
    wide = NGramLinear(2, *map(torch.from_numpy, (ngrams.word_idf, ngrams.pairs, ngrams.pair_idf)))
    torch.nn.init.normal_(wide.table.weight, generator=torch.Generator().manual_seed(seed))
    return wide, ngrams


@pytest.mark.parametrize("optimizer", [LazyAdamW, torch.optim.Adam, torch.optim.Adagrad])
def test_embeddings_grow_with_their_state(optimizer):
    embedding = TokenEmbedding(6, 400, sparse=optimizer is LazyAdamW)
    optimizer = optimizer(embedding.parameters(), lr=0.1)
    loss = embedding(torch.tensor([2, 5])).sum()
    loss.backward()
    optimizer.step()
    before = embedding.table.weight.detach().clone()
    state = pickle.loads(pickle.dumps(optimizer.state[embedding.table.weight]))
    grow_embeddings(embedding, optimizer, 9, RoomToGrow())
    weight = embedding.table.weight
    assert list(optimizer.state) == optimizer.param_groups[0]["params"] == [weight]
    assert weight.shape == (9, 400)
    assert embedding.table.num_embeddings == count_known_ids(embedding) == 9
    assert torch.equal(weight[:6], before)
    assert weight[6:].std().item() == pytest.approx(1 / 20, rel=0.1)
    for name, value in optimizer.state[weight].items():
        assert torch.equal(value[:6] if value.dim() else value, state[name])
        assert not value.dim() or not value[6:].any()
    drawn = weight[8].detach().clone()
    embedding(torch.tensor([8])).sum().backward()  # though the loss before it is still held
    optimizer.step()
    assert not torch.equal(weight[8], drawn)


def test_a_table_moves_rarely():
    room = RoomToGrow()
    table = torch.zeros(100, 2)
    places = set()
    for n_rows in range(101, 2000):
        table = room.lengthen("table", table, n_rows)
        table[-1] = n_rows
        places.add(table.data_ptr())
    assert len(places) < 30
    assert table[100:, 0].tolist() == list(range(101, 2000))


def test_rows_that_were_taken_back_come_again_empty():
    room = RoomToGrow()
    table = room.lengthen("table", torch.ones(10, 2), 11)
    longer = room.lengthen("table", table, 12)
    longer[11] = 5
    assert room.lengthen("table", longer[:11], 12)[11].tolist() == [0, 0]


def test_a_copy_grows_apart():
    room = RoomToGrow()
    table = room.lengthen("table", torch.ones(10, 2), 11)
    copied_room, copied = pickle.loads(pickle.dumps((room, table)))
    longer, other = (r.lengthen("table", t, 12) for r, t in [(room, table), (copied_room, copied)])
    longer[11] = 1
    assert not other[11].any()


pairs_of_words = st.sets(st.tuples(st.integers(2, 4), st.integers(2, 4)), max_size=9)


@settings(deadline=None, max_examples=50)
@given(pairs=pairs_of_words, more=pairs_of_words)
def test_the_wide_path_keeps_its_outputs_as_it_grows(pairs, more):
    """New words and pairs weigh nothing, so they change the norm of the features alone."""
    wide, _ = make_wide(5, pairs)
    _, ngrams = make_wide(8, pairs | more)
    old_rows = {(a, b): wide.table.weight[5 + i].tolist() for i, (a, b) in enumerate(sorted(pairs))}
    before = wide.table.weight.detach().clone()
    grow_wide_path(wide, torch.optim.SGD(wide.parameters()), ngrams)
    after = wide.table.weight.detach()
    assert torch.equal(after[:5], before[:5])
    assert not after[5:8].any()
    for i, pair in enumerate(sorted(pairs | more)):
        assert after[8 + i].tolist() == old_rows.get(pair, [0, 0])
    found = find_ngrams(wide)
    np.testing.assert_array_equal(found.pairs, ngrams.pairs)
    np.testing.assert_array_equal(found.word_idf, ngrams.word_idf)
    # The grown one is the one that would be made for these words and pairs.
    made, _ = make_wide(8, pairs | more)
    made.load_state_dict(wide.state_dict())
    assert torch.equal(made(pack_sequence(DOCUMENTS)), wide(pack_sequence(DOCUMENTS)))


def test_pairs_may_be_forgotten():
    wide, _ = make_wide(5, {(2, 3), (3, 4)})
    kept = wide.table.weight[6].tolist()
    _, ngrams = make_wide(5, {(3, 4)})
    grow_wide_path(wide, torch.optim.SGD(wide.parameters()), ngrams)
    assert wide.table.weight.shape == (6, 2)
    assert wide.table.weight[5].tolist() == kept


def test_the_optimizer_follows_the_rows_of_the_wide_path():
    wide, _ = make_wide(5, {(3, 4)})
    optimizer = torch.optim.Adam(wide.parameters())
    wide(pack_sequence(DOCUMENTS)).sum().backward()
    optimizer.step()
    before = optimizer.state[wide.table.weight]["exp_avg"].clone()
    _, ngrams = make_wide(7, {(2, 3), (3, 4)})
    grow_wide_path(wide, optimizer, ngrams)
    after = optimizer.state[wide.table.weight]["exp_avg"]
    assert torch.equal(after[:5], before[:5])
    assert torch.equal(after[8], before[5])
    assert not after[5:8].any()
