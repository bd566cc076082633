from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer
from torch import nn
from torch.nn.utils.rnn import pack_sequence

from sklearn_rnn import RNNTextClassifier, SequenceVectorizer
from sklearn_rnn._text.ngrams import count_ngrams, has_triples
from sklearn_rnn._text.vocabulary import UNKNOWN_ID
from sklearn_rnn.datasets import load_tweet_sentiment
from sklearn_rnn.modules import NGramLinear, WideAndDeep, build_network

N_IDS, N_OUTPUTS = 6, 3
PAIRS = [(2, 2), (2, 3), (3, 2), (4, 5), (5, 4)]
# Each begins with one of the pairs.
TRIPLES = [(2, 2, 2), (2, 2, 4), (2, 3, 2), (4, 5, 4)]

# Some ids lie beyond the table and some tokens are unknown, up to whole documents of them.
documents_of_ids = st.lists(
    st.lists(st.integers(UNKNOWN_ID, N_IDS + 3), min_size=1, max_size=8), min_size=1, max_size=6
)

DOCUMENTS = [[2, 3, 2, 3, 4], [UNKNOWN_ID], [5, 4, UNKNOWN_ID, 2, 2, 2], [N_IDS + 2, 3], [4, 5]]
NOTHING_KNOWN = [[UNKNOWN_ID], [N_IDS, UNKNOWN_ID, N_IDS + 7], [N_IDS] * 3]


def keys_of(pairs, triples=()):
    """Return the keys of pairs, and of triples as pairs of a pair and a word."""
    keys = [a * N_IDS + b for a, b in pairs]
    keys += [(N_IDS + pairs.index((a, b))) * N_IDS + c for a, b, c in triples]
    return torch.tensor(keys, dtype=torch.int64)


def make_linear(*, pairs=PAIRS, triples=(), dtype=torch.float64, **kwargs):
    """Return a linear model with weights of the size that training gives."""
    torch.manual_seed(0)
    keys = keys_of(pairs, triples)
    word_idf, pair_idf = 1 + torch.rand(N_IDS), 1 + torch.rand(len(keys))
    linear = NGramLinear(N_OUTPUTS, word_idf, keys, pair_idf, **kwargs).to(dtype)
    with torch.no_grad():
        for parameter in linear.parameters():
            parameter.normal_()
    return linear


def pack(documents, dtype=torch.int64):
    rows = [torch.tensor(ids, dtype=dtype) for ids in documents]
    return pack_sequence(rows, enforce_sorted=False)


def outputs(linear, documents):
    with torch.no_grad():
        return linear(pack(documents)).numpy()


def feature_matrix(linear, documents):
    """Return the weights as a matrix of documents, in the order given, by rows of the table."""
    packed = pack(documents)
    features, rows, weights = linear.features(packed)
    matrix = torch.zeros(len(documents), len(linear.idf), dtype=weights.dtype)
    matrix[rows, features] = weights
    assert (matrix != 0).sum() == len(features)  # each but once
    return matrix[packed.unsorted_indices].numpy()


def plain_weights(linear, ids, pairs=PAIRS, triples=()):
    """Count the words, pairs and triples of one document in a loop and weigh them."""
    counts = np.zeros(len(linear.idf))
    ids = [i if i < N_IDS else UNKNOWN_ID for i in ids]
    for word in ids:
        counts[word] += word != UNKNOWN_ID
    for pair in pairwise(ids):
        if pair in pairs:
            counts[N_IDS + pairs.index(pair)] += 1
    for triple in zip(ids, ids[1:], ids[2:], strict=False):
        if triple in triples:
            counts[N_IDS + len(pairs) + triples.index(triple)] += 1
    weights = np.zeros_like(counts)
    held = counts > 0
    weights[held] = (1 + np.log(counts[held])) * linear.idf.numpy()[held]
    norm = np.sqrt((weights**2).sum())
    return linear.scale * weights / norm if norm else weights


# Real text against scikit-learn.


class Corpus:
    """Tweets as token ids, and what `TfidfVectorizer` makes of the same tokens."""

    def __init__(self, scale):
        train, _ = load_tweet_sentiment(return_X_y=True)
        test, _ = load_tweet_sentiment(subset="test", return_X_y=True)
        vectorizer = SequenceVectorizer(min_df=2)
        X = vectorizer.fit_transform(train[:1500])
        # Some of the words of the vectorizer are beyond the table.
        X = X[:1000]
        n_ids = int(X.data.max()) - 50
        X.data[X.data >= n_ids] = UNKNOWN_ID
        ngrams = count_ngrams(X, n_ids)
        documents = [self.split(vectorizer.transform([text])) for text in test[:300]]
        self.documents = [ids for ids in documents if ids]

        terms = ["padding", "unknown", *map(str, range(2, n_ids))]
        terms += ["{} {}".format(*divmod(int(key), n_ids)) for key in ngrams.pairs]
        tfidf = TfidfVectorizer(
            tokenizer=list,
            preprocessor=list,
            token_pattern=None,
            lowercase=False,
            ngram_range=(1, 2),
            sublinear_tf=True,
            vocabulary=terms,
        )
        tfidf.fit([self.tokens(row) for row in map(self.split, X)])
        self.matrix = scale * tfidf.transform(map(self.tokens, self.documents)).toarray()

        idf = torch.from_numpy(tfidf.idf_)
        self.linear = NGramLinear(
            N_OUTPUTS, idf[:n_ids], torch.from_numpy(ngrams.pairs), idf[n_ids:], scale=scale
        ).double()
        torch.manual_seed(0)
        for parameter in self.linear.parameters():
            nn.init.normal_(parameter)
        np.testing.assert_allclose(ngrams.word_idf[2:], tfidf.idf_[2:n_ids], rtol=1e-6)
        np.testing.assert_allclose(ngrams.pair_idf, tfidf.idf_[n_ids:], rtol=1e-6)

    @staticmethod
    def split(row):
        return row.data.tolist()

    @staticmethod
    def tokens(ids):
        # A token that is no term, as those beyond the table are none.
        return ["?" if i == UNKNOWN_ID else str(i) for i in ids]


@pytest.fixture(scope="module", params=[1.0, 3.0], ids=lambda scale: f"scale {scale}")
def corpus(request):
    return Corpus(request.param)


def test_the_corpus_holds_every_case(corpus):
    linear, tokens = corpus.linear, np.concatenate(corpus.documents)
    assert (tokens == UNKNOWN_ID).any()
    assert (tokens >= linear.n_ids).any()
    assert len(linear.pairs) > 500
    assert (corpus.matrix[:, linear.n_ids :] != 0).sum() > 500
    used = corpus.matrix[corpus.matrix != 0] / corpus.linear.scale
    assert len(np.unique(used.round(6))) > 1000


def test_weights_equal_those_of_sklearn(corpus):
    matrix = feature_matrix(corpus.linear, corpus.documents)
    np.testing.assert_allclose(matrix, corpus.matrix, rtol=0, atol=1e-12)


def test_outputs_are_linear_in_the_weights(corpus):
    linear = corpus.linear
    expected = torch.from_numpy(corpus.matrix) @ linear.table.weight + linear.bias
    torch.testing.assert_close(linear(pack(corpus.documents)), expected, rtol=0, atol=1e-12)


def test_gradient_equals_that_of_the_matrix(corpus):
    linear = corpus.linear
    upstream = torch.randn(len(corpus.documents), N_OUTPUTS, dtype=torch.float64)
    parameters = [linear.table.weight, linear.bias]
    ours = torch.autograd.grad((linear(pack(corpus.documents)) * upstream).sum(), parameters)
    expected = [torch.from_numpy(corpus.matrix).T @ upstream, upstream.sum(dim=0)]
    torch.testing.assert_close(list(ours), expected, rtol=0, atol=1e-12)


def test_packed_order_is_that_of_the_documents_of_features(corpus):
    packed = pack(corpus.documents)
    _, rows, _ = corpus.linear.features(packed)
    in_order = corpus.matrix[packed.sorted_indices]
    counts = torch.bincount(rows, minlength=len(in_order)).numpy()
    np.testing.assert_array_equal(counts, (in_order != 0).sum(axis=1))


# Small documents against a loop.


@settings(deadline=None)
@given(documents=documents_of_ids, pairs=st.sets(st.sampled_from(PAIRS)).map(sorted))
def test_weights_equal_those_of_a_loop(documents, pairs):
    linear = make_linear(pairs=pairs)
    expected = [plain_weights(linear, ids, pairs) for ids in documents]
    np.testing.assert_allclose(feature_matrix(linear, documents), expected, rtol=0, atol=1e-12)


@settings(deadline=None)
@given(documents=documents_of_ids, triples=st.sets(st.sampled_from(TRIPLES)).map(sorted))
def test_triples_are_weighed_as_in_a_loop(documents, triples):
    documents = [*documents, [2, 2, 2, 4, 5, 4], [2, UNKNOWN_ID, 2, 2, 3]]
    linear = make_linear(triples=triples)
    expected = [plain_weights(linear, ids, PAIRS, triples) for ids in documents]
    np.testing.assert_allclose(feature_matrix(linear, documents), expected, rtol=0, atol=1e-12)


@settings(deadline=None)
@given(
    documents=documents_of_ids.map(lambda found: [*found, [2, 2, 2, 3, 2]]),
    triples=st.sets(st.sampled_from(TRIPLES)).map(sorted),
)
def test_kernels_find_what_torch_finds(documents, triples):
    outputs, grads = [], []
    for kernels in (False, "auto"):
        linear = make_linear(triples=triples, dtype=torch.float32, sparse=True, kernels=kernels)
        values = linear(pack(documents, torch.int32))
        values.square().sum().backward()
        outputs.append(values.detach())
        grads.append(linear.table.weight.grad.to_dense())
    torch.testing.assert_close(*outputs, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(*grads, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("n_more", [0, 3])
def test_rows_keep_their_weights_when_others_come(n_more):
    """Of the same words after more ids, with another pair and other triples."""
    linear = make_linear(triples=TRIPLES)
    n_ids = N_IDS + n_more
    pairs = [(2, 1), *PAIRS]
    triples = [(2, 1, 2), *TRIPLES[1:]]
    keys = [a * n_ids + b for a, b in pairs]
    keys += [(n_ids + pairs.index((a, b))) * n_ids + c for a, b, c in triples]
    origins = linear.origins(n_ids, torch.tensor(keys)).tolist()
    place = N_IDS + len(PAIRS)
    assert origins[:n_ids] == [*range(N_IDS), *[-1] * n_more]
    assert origins[n_ids:] == [-1, *range(N_IDS, place), -1, *range(place + 1, place + 4)]


@settings(deadline=None)
@given(documents=documents_of_ids)
def test_a_document_does_not_depend_on_its_batch(documents):
    linear = make_linear(dtype=torch.float32)
    alone = np.concatenate([outputs(linear, [ids]) for ids in documents])
    np.testing.assert_allclose(outputs(linear, documents), alone, rtol=0, atol=1e-5)


@settings(deadline=None)
@given(documents=documents_of_ids, data=st.data())
def test_the_order_of_the_batch_does_not_matter(documents, data):
    linear = make_linear(dtype=torch.float32)
    order = data.draw(st.permutations(range(len(documents))))
    shuffled = outputs(linear, [documents[i] for i in order])
    np.testing.assert_allclose(shuffled, outputs(linear, documents)[order], rtol=0, atol=1e-5)


def test_sorted_and_unsorted_packing_agree():
    linear = make_linear()
    documents = [torch.tensor(ids) for ids in sorted(DOCUMENTS, key=len, reverse=True)]
    unsorted = linear(pack_sequence(documents, enforce_sorted=False))
    assert torch.equal(linear(pack_sequence(documents, enforce_sorted=True)), unsorted)


def test_int32_ids_give_the_outputs_of_int64_ids():
    linear = make_linear()
    assert torch.equal(linear(pack(DOCUMENTS, torch.int32)), linear(pack(DOCUMENTS, torch.int64)))


def test_no_document_has_the_outputs_of_the_bias_by_chance():
    known = [ids for ids in DOCUMENTS if ids not in NOTHING_KNOWN]
    linear = make_linear()
    distance = np.abs(outputs(linear, known) - linear.bias.detach().numpy()).max(axis=1)
    assert len(known) == len(DOCUMENTS) - 1
    assert (distance > 0.1).all()


def test_the_largest_id_does_not_count():
    linear = make_linear()
    extra = [3, 2**31 - 1]
    np.testing.assert_array_equal(outputs(linear, [extra]), outputs(linear, [[3]]))


# By the arithmetic of keys these stand for the pairs (2, 3) and (3, 2), (4, 5) and (5, 4).
@pytest.mark.parametrize("ids", [[1, N_IDS + 3], [2, N_IDS + 2], [3, N_IDS + 5], [4, N_IDS + 4]])
def test_ids_beyond_the_table_are_not_taken_for_another_pair(ids):
    linear = make_linear()
    features, _, _ = linear.features(pack([ids]))
    assert features.tolist() == [i for i in ids if UNKNOWN_ID < i < N_IDS]


@pytest.mark.parametrize("unknown", [UNKNOWN_ID, N_IDS, N_IDS + 40])
def test_unknown_tokens_do_not_count_and_part_pairs(unknown):
    linear = make_linear()
    features, _, _ = linear.features(pack([[unknown, 2, unknown, 3, unknown, unknown]]))
    assert features.tolist() == [2, 3]


def test_pairs_with_the_unknown_token_do_not_count():
    linear = make_linear(pairs=[(UNKNOWN_ID, 2), (2, UNKNOWN_ID), (2, 3)])
    features, _, _ = linear.features(pack([[1, 2, 1, 2, 3]]))
    assert features.tolist() == [2, 3, N_IDS + 2]


def test_pairs_do_not_cross_documents():
    features, documents, _ = make_linear().features(pack([[2, 2], [3, 2], [4], [5]]))
    pairs = features >= N_IDS
    assert (features[pairs] - N_IDS).tolist() == [PAIRS.index((2, 2)), PAIRS.index((3, 2))]
    assert documents[pairs].tolist() == [0, 1]


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("documents", [[ids] for ids in NOTHING_KNOWN] + [NOTHING_KNOWN], ids=str)
def test_a_document_of_nothing_known_gives_the_bias_alone(documents, sparse):
    linear = make_linear(sparse=sparse)
    values = linear(pack(documents))
    assert torch.equal(values, linear.bias.expand_as(values))
    values.sum().backward()
    assert not linear.table.weight.grad.to_dense().any()
    assert linear.bias.grad.tolist() == [len(documents)] * N_OUTPUTS


@pytest.mark.parametrize("sparse", [False, True])
def test_documents_of_nothing_known_leave_the_others_alone(sparse):
    gradients = []
    for documents in (DOCUMENTS, [*DOCUMENTS, *NOTHING_KNOWN]):
        linear = make_linear(sparse=sparse)
        linear(pack(documents))[: len(DOCUMENTS)].square().sum().backward()
        gradients.append(linear.table.weight.grad.to_dense())
    assert gradients[1].isfinite().all()
    torch.testing.assert_close(*gradients, rtol=0, atol=1e-12)


def test_words_of_no_weight_give_the_bias_alone():
    linear = make_linear()
    linear.idf.zero_()
    values = linear(pack(DOCUMENTS))
    assert torch.equal(values, linear.bias.expand_as(values))


def test_no_pair_may_be_known():
    linear = make_linear(pairs=[])
    features, _, _ = linear.features(pack([[2, 3, 2, 3]]))
    assert features.tolist() == [2, 3]


@settings(deadline=None)
@given(documents=documents_of_ids, seed=st.integers(0, 100))
def test_sparse_gradient_equals_the_dense_one(documents, seed):
    upstream = torch.from_numpy(np.random.RandomState(seed).randn(len(documents), N_OUTPUTS))
    sparse, dense = make_linear(sparse=True), make_linear(sparse=False)
    values = [linear(pack(documents)) for linear in (sparse, dense)]
    assert torch.equal(*values)
    for value in values:
        (value * upstream).sum().backward()
    assert sparse.table.weight.grad.is_sparse
    gradients = sparse.table.weight.grad.to_dense(), dense.table.weight.grad
    torch.testing.assert_close(*gradients, rtol=0, atol=1e-12)
    assert torch.equal(sparse.bias.grad, dense.bias.grad)


def test_a_new_model_gives_zeros():
    word_idf, pairs, pair_idf = torch.ones(4), torch.tensor([2 * 4 + 3]), torch.ones(1)
    values = NGramLinear(2, word_idf, pairs, pair_idf)(pack([[2, 3], [3, 1]]))
    assert values.tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize("scale", [0.5, 3.0, 7.0])
def test_weights_of_a_document_have_the_norm_asked_for(scale):
    matrix = feature_matrix(make_linear(scale=scale), DOCUMENTS)
    norms = np.linalg.norm(matrix, axis=1)
    expected = [0 if ids in NOTHING_KNOWN else scale for ids in DOCUMENTS]
    np.testing.assert_allclose(norms, expected, rtol=0, atol=1e-12)


def test_keys_of_many_words_are_larger_than_int32():
    n_ids = 10**6
    a, b = n_ids - 1, n_ids - 2
    pairs = torch.tensor([b * n_ids + a, a * n_ids + b])
    linear = NGramLinear(1, torch.ones(n_ids), pairs, torch.ones(2))
    features, _, _ = linear.features(pack([[a, b, a], [a]], torch.int32))
    assert features.tolist() == [b, a, n_ids, n_ids + 1, a]


def test_the_state_dict_holds_what_the_model_knows():
    linear = make_linear()
    new = NGramLinear(
        N_OUTPUTS, torch.ones(N_IDS), torch.arange(len(PAIRS)), torch.ones(len(PAIRS))
    )
    new.double().load_state_dict(linear.state_dict())
    np.testing.assert_array_equal(outputs(new, DOCUMENTS), outputs(linear, DOCUMENTS))


# Wide and deep side by side.


def make_both(wide_weight=0.5):
    torch.manual_seed(0)
    deep = build_network(num_embeddings=N_IDS, n_outputs=N_OUTPUTS, embedding_dim=5, hidden_size=4)
    return WideAndDeep(deep.double(), make_linear(), wide_weight)


def test_training_gives_both_outputs():
    model = make_both()
    model.deep.eval()  # without dropout its outputs can be computed twice
    deep, wide = model(pack(DOCUMENTS))
    assert torch.equal(deep, model.deep(pack(DOCUMENTS)))
    assert torch.equal(wide, model.wide(pack(DOCUMENTS)))
    assert not torch.allclose(deep, wide)


@pytest.mark.parametrize("wide_weight", [0.0, 0.2, 0.5, 0.9, 1.0])
def test_evaluation_gives_the_weighted_mean(wide_weight):
    model = make_both(wide_weight).eval()
    deep, wide = model.deep(pack(DOCUMENTS)), model.wide(pack(DOCUMENTS))
    expected = (1 - wide_weight) * deep + wide_weight * wide
    torch.testing.assert_close(model(pack(DOCUMENTS)), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("wide_weight", "part"), [(0.0, "deep"), (1.0, "wide")])
def test_the_whole_weight_on_one_side_gives_its_outputs(wide_weight, part):
    model = make_both(wide_weight).eval()
    assert torch.equal(model(pack(DOCUMENTS)), getattr(model, part)(pack(DOCUMENTS)))


def test_each_side_learns_as_if_it_were_alone():
    """The gradient of the sum of losses is that of each loss."""
    model = make_both()
    model.deep.eval()
    deep, wide = model(pack(DOCUMENTS))
    (deep.square().sum() + wide.square().sum()).backward()
    alone = make_both()
    alone.deep.eval()
    for part in (alone.deep, alone.wide):
        part(pack(DOCUMENTS)).square().sum().backward()
    for ours, expected in zip(model.parameters(), alone.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, expected.grad, rtol=0, atol=1e-12)


@settings(deadline=None, max_examples=25)
@given(documents=documents_of_ids)
def test_a_document_does_not_depend_on_its_batch_in_both(documents):
    model = make_both().float().eval()
    alone = np.concatenate([outputs(model, [ids]) for ids in documents])
    np.testing.assert_allclose(outputs(model, documents), alone, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, 0.7),
        ({"embedding": None}, 0.9),
        ({"wide_weight": 0.25}, 0.25),
        ({"wide_weight": 0}, 0.0),
    ],
    ids=["word vectors", "none", "given", "no wide path"],
)
def test_the_share_of_the_wide_path_can_be_read_after_fit(params, expected):
    clf = RNNTextClassifier(**params, max_epochs=1, random_state=0)
    assert not hasattr(clf, "wide_weight_")
    clf.fit(["good", "bad"] * 10, [1, 0] * 10)
    assert clf.wide_weight_ == pytest.approx(expected)


@pytest.mark.parametrize(
    ("params", "longest"),
    [
        ({}, 2),
        ({"wide_ngrams": 1}, 1),
        ({"wide_ngrams": 3}, 3),
        ({"vectorizer": SequenceVectorizer(analyzer="char")}, 3),
        ({"vectorizer": SequenceVectorizer(analyzer="char"), "wide_ngrams": 2}, 2),
    ],
    ids=str,
)
def test_the_longest_ngrams_are_those_asked_for(params, longest):
    assert longest_ngram(["not so good"] * 10, **params) == longest


def longest_ngram(texts, **params):
    clf = RNNTextClassifier(**params, max_epochs=1, random_state=0)
    wide = clf.fit(texts, [1, 0] * 5).module_.wide
    return 3 if has_triples(wide.pairs, wide.n_ids) else 2 if len(wide.pairs) else 1


@pytest.mark.parametrize(
    ("text", "params", "longest"),
    [
        ("这部电影很好。", {}, 3),
        ("หนังดีมาก", {}, 3),
        ("很好 is not so good at all", {}, 2),
        ("这部 电影 很好", {"vectorizer": SequenceVectorizer(tokenizer=str.split)}, 2),
        ("这部电影很好", {"wide_ngrams": 2}, 2),
    ],
)
def test_scripts_without_spaces_are_counted_by_three_characters(text, params, longest):
    assert longest_ngram([text] * 10, **params) == longest
