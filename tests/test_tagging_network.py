"""The network of a tagger, beside the same computed for one sentence."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch.nn.utils.rnn import pack_sequence

from sklearn_rnn._tagging.data import TaggingData
from sklearn_rnn._tagging.spelling import spell
from sklearn_rnn._text.sequences import check_sequences
from sklearn_rnn.modules import PackedLayout, PackedWords, Spellings, build_tagging_network
from sklearn_rnn.modules._description import describe, rebuild
from sklearn_rnn.modules._tagging import MAX_AFFIX

SIZES = {"embedding_dim": 5, "hidden_size": 4, "char_embedding_dim": 3, "char_hidden_size": 2}
WORDS = ["Anna", "at", "IBM", "zz"]
# Each token as an id and a word.
SENTENCES = [[(5, 0), (7, 1), (9, 2)], [(7, 1)], [(9, 2), (2, 3)]]


def make_network(**params):
    torch.manual_seed(0)
    sizes = {"num_embeddings": 10, "n_tags": 3, "num_characters": 8, **SIZES, **params}
    network = build_tagging_network(**sizes).eval()
    if network.spelling is not None:
        torch.nn.init.normal_(network.spelling.affixes.weight)  # they start as zeros
    return network


def make_data(sentences=SENTENCES, **params):
    width = max(map(len, sentences))
    ids = [[id_ for id_, _ in row] + [0] * (width - len(row)) for row in sentences]
    index = np.array([word for row in sentences for _, word in row], np.int32)
    return TaggingData(check_sequences(ids), (index, spell(WORDS, "Ant")), **params)


def vectors_by_hand(network, sentence):
    """Return what the encoder reads of a sentence, word by word."""
    rows = []
    for id_, word in sentence:
        spelled = spell([WORDS[word]], "Ant")
        states = network.spelling.encoder(
            network.spelling.table(torch.tensor(spelled.characters, dtype=torch.int64)),
            PackedLayout(torch.ones(len(WORDS[word]), dtype=torch.int64)),
        )
        rows.append(
            [
                network.embedding(torch.tensor([id_]))[0],
                states[-1, :2],
                states[0, 2:],
                network.spelling.shapes.weight[spelled.shapes[0]],
                *network.spelling.affixes.weight[spelled.affixes[0]],
            ]
        )
    return torch.stack(list(map(torch.cat, rows)))


@pytest.mark.parametrize("kernels", [False, "auto"])
def test_scores_of_a_batch_are_those_of_each_sentence_by_hand(kernels):
    network, data = make_network(kernels=kernels), make_data()
    batch, _ = data.batch(np.array([0, 2, 1]))
    with torch.no_grad():
        scores = network(batch.parts[0]).numpy()
        by_flat = np.empty((data.n_tokens, 3), np.float32)
        by_flat[data.places(np.array([0, 2, 1]))[0]] = scores
        expected = []
        for sentence in SENTENCES:
            layout = PackedLayout(torch.ones(len(sentence), dtype=torch.int64))
            states = network.encoder(vectors_by_hand(network, sentence), layout)
            expected.append(network.head(states).numpy())
    assert_allclose(by_flat, np.concatenate(expected), atol=1e-5)


@pytest.mark.parametrize("crf", [False, True])
def test_losses_are_the_negative_logarithm_of_probabilities(crf):
    network, data = make_network(crf=crf), make_data(tags=np.array([0, 1, 2, 1, 2, 0]))
    if crf:
        torch.nn.init.normal_(network.crf.transitions)
    rows = np.array([0, 2, 1])
    batch, (tags, _) = data.batch(rows)
    words = batch.parts[0]
    with torch.no_grad():
        scores = network(words)
        losses = network.losses(scores, tags, words.layout)
        marginals = network.marginals(scores, words.layout)
    assert losses.shape == (3,)
    # Of the sentence of one token the probability is the marginal one.
    place = data.places(rows)[0].tolist().index(3)
    assert losses[2].item() == pytest.approx(-marginals[place, 1].log().item(), abs=1e-5)
    if not crf:
        of_tokens = marginals[torch.arange(6), tags].log()
        assert losses.sum().item() == pytest.approx(-of_tokens.sum().item(), abs=1e-5)


def test_gradients_reach_every_weight():
    network, data = make_network(crf=True, dropout=0, affix_dropout=0).train(), make_data()
    batch, (tags, _) = data.batch(np.array([0, 2, 1]))
    words = batch.parts[0]
    network.losses(network(words), tags, words.layout).sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in network.parameters())


def test_batches_hold_each_spelling_once():
    data = make_data([[(5, 1), (5, 1), (6, 0)], [(6, 0)]])
    batch, _ = data.batch(np.array([0, 1]))
    spellings = batch.parts[0].spellings
    assert spellings.characters.batch_sizes.tolist() == [2, 2, 1, 1]  # "Anna" and "at"
    assert spellings.index.tolist() == [1, 0, 1, 0]


def test_words_without_spellings():
    network = make_network(num_characters=None)
    words = PackedWords(torch.tensor([5, 7, 9]), torch.tensor([2, 1]))
    assert network(words).shape == (3, 3)
    assert network.spelling is None


def test_unknown_characters_and_new_ones_are_read_alike():
    encoder = make_network().spelling
    zero, affixes = torch.tensor([0]), torch.zeros(1, 2 * MAX_AFFIX, dtype=torch.int64)

    def encode(id_):
        return encoder(Spellings(zero, pack_sequence([torch.tensor([id_])]), zero, affixes))

    unknown = encode(1)
    assert torch.equal(encode(99), unknown)
    assert not torch.equal(encode(6), unknown)
    encoder.reset_rows(5)
    assert torch.equal(encode(6), unknown)


def test_affixes_that_training_has_not_met_add_nothing():
    spelling = build_tagging_network(num_embeddings=10, n_tags=3, num_characters=8).spelling
    assert not spelling.affixes.weight.any()


@pytest.mark.parametrize(("dropout", "training"), [(0.0, True), (0.5, True), (0.5, False)])
def test_dropout_hides_all_affixes_of_a_word_at_once_in_training(dropout, training):
    spelling = make_network(affix_dropout=dropout).spelling.train(training)
    torch.nn.init.ones_(spelling.affixes.weight)
    torch.manual_seed(0)
    zeros, affixes = torch.zeros(2000, dtype=torch.int64), torch.zeros(2000, 2 * MAX_AFFIX).long()
    with torch.no_grad():
        vectors = spelling(Spellings(zeros, pack_sequence(zeros[:, None]), zeros, affixes))
    read = vectors[:, -2 * MAX_AFFIX * spelling.affixes.embedding_dim :]
    assert torch.equal(read, read[:, :1].expand_as(read))
    assert set(read.unique().tolist()) == ({0.0, 2.0} if dropout and training else {1.0})
    assert read.mean().item() == pytest.approx(1, abs=0.07)  # three standard deviations


@pytest.mark.parametrize(
    "params", [{}, {"crf": True, "constrained": True}, {"cell": "gru"}], ids=str
)
def test_a_network_is_rebuilt_from_its_description(params):
    network = make_network(**params)
    rebuilt = rebuild(describe(network), network.state_dict())
    words = make_data().batch(np.array([0, 2, 1]))[0].parts[0]
    assert torch.equal(rebuilt(words), network(words))
