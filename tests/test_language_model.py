"""RNNLanguageModel: what it learns, what it says of texts, and what it refuses."""

import math
import pickle
import warnings

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import log_softmax, logsumexp
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback

import sklearn_rnn
from sklearn_rnn import RNNLanguageModel, SequenceVectorizer, SubwordVectorizer
from sklearn_rnn.exceptions import FitInterruptedWarning
from sklearn_rnn.inspection import surprise
from sklearn_rnn.modules.kernels import has_kernels

NAMES = ["anna", "hanna", "johanna", "susanna", "marianna", "rosanna", "", "otto", "bob"] * 4
LANGUAGES = ["a" if name.endswith("a") else "o" for name in NAMES]
PROSE = ["the cat sat on the mat. ", "the dog ate the rat. "] * 30
SMALL = {"embedding_dim": 4, "hidden_size": 6, "max_epochs": 3, "random_state": 0, "bptt": 5}


def small(**params):
    return RNNLanguageModel(**{**SMALL, **params})


@pytest.fixture(scope="module")
def model():
    return small().fit(NAMES)


@pytest.fixture(scope="module")
def labelled():
    return small(hidden_size=16, max_epochs=30, lr=0.02).fit(NAMES, LANGUAGES)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def read_by_hand(network, ids):
    """Return the log-probabilities of all ids after each, by the equations of an LSTM in NumPy."""
    w = {name: value.numpy(force=True) for name, value in network.state_dict().items()}
    prefix = "encoder.layers.0.0.cell."
    w_ih, w_hh = w[f"{prefix}weight_ih"], w[f"{prefix}weight_hh"]
    bias = w[f"{prefix}bias_ih"] + w[f"{prefix}bias_hh"]
    h = c = np.zeros(w_hh.shape[1])
    rows = []
    for id_ in ids:
        x = network.embedding.scale * w["embedding.table.weight"][id_]
        i, f, g, o = np.split(w_ih @ x + w_hh @ h + bias, 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        rows.append(log_softmax(w["decoder.weight"] @ h + w["decoder.bias"]))
    return np.array(rows)


@pytest.mark.parametrize("documents", [True, False])
def test_log_prob_equals_a_loop_in_numpy(documents):
    model = small(documents=documents).fit(NAMES)
    model.module_.double()
    texts = ["hanna", "", "zoo", "a" * 40]
    ids = model.vectorizer_.transform(texts).toarray()
    documents_of_ids = [[0, *row[row > 0]] for row in ids]
    if documents:
        sequences = [[*ids, 0] for ids in documents_of_ids]
    else:
        sequences = [np.concatenate([[0], *[ids[1:] for ids in documents_of_ids]]).astype(int)]
    expected = []
    for sequence in sequences:
        rows = read_by_hand(model.module_, sequence[:-1])
        expected.append(rows[np.arange(len(rows)), sequence[1:]])
    tokens = np.concatenate(model.token_log_probs(texts))
    assert_allclose(tokens, np.concatenate(expected), rtol=0, atol=1e-9)
    if documents:
        sums = [part.sum() for part in expected]
        assert_allclose(model.log_prob(texts), sums, rtol=0, atol=1e-9)


@pytest.mark.parametrize("documents", [True, False])
def test_score_is_the_mean_over_tokens(documents):
    model = small(documents=documents).fit(NAMES)
    tokens = model.token_log_probs(NAMES)
    assert [len(part) for part in tokens] == [len(name) + documents for name in NAMES]
    assert_allclose(model.log_prob(NAMES), [part.sum() for part in tokens])
    n_tokens = sum(map(len, tokens))
    assert model.score(NAMES) == pytest.approx(model.log_prob(NAMES).sum() / n_tokens)
    assert model.perplexity(NAMES) == pytest.approx(math.exp(-model.score(NAMES)))
    # The tokens are characters.
    assert model.bits_per_character(NAMES) == pytest.approx(-model.score(NAMES) / math.log(2))


def test_bits_per_character_compare_subwords_with_characters():
    vectorizer = SubwordVectorizer(vocab_size=300)
    model = small(vectorizer=vectorizer, documents=False).fit(PROSE)
    bits = -model.log_prob(PROSE).sum() / math.log(2)
    assert model.bits_per_character(iter(PROSE)) == pytest.approx(bits / sum(map(len, PROSE)))


@pytest.mark.parametrize("X", [np.array([[2, 3]]), [["a", "b"]]], ids=["ids", "tokens"])
def test_bits_per_character_need_raw_text(X):
    model = small(vectorizer=SequenceVectorizer()).fit([["a", "b"], ["b"]])
    with pytest.raises(ValueError, match="needs raw text"):
        model.bits_per_character(X)


def test_the_order_of_documents_does_not_matter(model):
    texts = [*NAMES, "x" * 300, "hanna" * 50]
    order = np.random.RandomState(0).permutation(len(texts))
    shuffled = [texts[i] for i in order]
    assert_allclose(model.log_prob(shuffled), model.log_prob(texts)[order], rtol=1e-5)
    assert_allclose(model.transform(shuffled), model.transform(texts)[order], atol=1e-6)
    assert_allclose(model.log_prob(texts[:1]), model.log_prob(texts)[:1], rtol=1e-5)


def test_a_long_stream_is_scored_nearly_as_by_one_read():
    model = small(documents=False, max_epochs=10).fit(PROSE)
    text = "".join(PROSE) * 5
    ids = model.vectorizer_.transform([text]).data
    rows = read_by_hand(model.module_, np.append(0, ids[:-1]))
    expected = rows[np.arange(len(ids)), ids]
    (tokens,) = model.token_log_probs([text])
    assert len(ids) > 5 * 1024  # several pieces
    assert_allclose(tokens, expected, atol=1e-3)


@pytest.mark.parametrize("cell", ["lstm", "gru", "mgu", "grid_lstm", torch.nn.GRUCell])
def test_transform_gives_the_state_after_the_last_token(cell):
    model = small(cell=cell, num_layers=2).fit(NAMES)
    assert_array_equal(model.transform(NAMES), model.transform(NAMES))
    vectors = model.transform(["hanna", ""])
    for vector, text in zip(vectors, ["hanna", ""], strict=True):
        ids = torch.tensor([0, *model.vectorizer_.transform([text]).data])
        packed = torch.nn.utils.rnn.pack_sequence([ids])
        with torch.inference_mode():
            assert_allclose(vector, model.module_(packed)[0][-1], atol=1e-6)
    assert vectors.dtype == np.float32
    assert_array_equal(model.get_feature_names_out()[0], "rnnlanguagemodel0")


@pytest.mark.parametrize("documents", [True, False])
def test_it_learns(documents):
    params = {"hidden_size": 32, "max_epochs": 40, "lr": 0.01, "bptt": 20, "batch_size": 16}
    model = small(documents=documents, **params)
    model.fit(PROSE)
    assert model.perplexity(PROSE) < 2
    assert model.loss_curve_[-1] < model.loss_curve_[0] / 2
    n_tokens = sum(map(len, PROSE)) + documents * len(PROSE)
    assert model.t_ == 40 * n_tokens
    assert model.n_iter_ == 40


def test_a_label_changes_what_is_probable(labelled):
    assert labelled.log_prob(["hanna"], ["a"]) > labelled.log_prob(["hanna"], ["o"])
    assert labelled.predict(["johanna", "otto"]).tolist() == ["a", "o"]


def test_labels_are_found_by_bayes(labelled):
    texts = ["hanna", "otto", "", "xo"]
    assert_array_equal(labelled.classes_, ["a", "o"])
    share = np.mean(np.array(LANGUAGES) == "a")
    assert_allclose(labelled.class_log_prior_, np.log([share, 1 - share]))
    joint = [
        labelled.log_prob(texts, [label] * 4) + prior
        for label, prior in zip(labelled.classes_, labelled.class_log_prior_, strict=True)
    ]
    proba = labelled.predict_proba(texts)
    assert_allclose(proba, np.exp(joint - logsumexp(joint, axis=0)).T, rtol=1e-5)
    assert_allclose(labelled.log_prob(texts), logsumexp(joint, axis=0), rtol=1e-5)
    assert_array_equal(labelled.predict(texts), labelled.classes_[proba.argmax(axis=1)])


def test_tokens_of_unknown_label_are_predicted_by_all_labels(labelled):
    """The chain rule: the label is known the better the more of the text has been read."""
    (tokens,) = labelled.token_log_probs(["hanna"])
    by_label = np.array([labelled.token_log_probs(["hanna"], [y])[0] for y in "ao"])
    log_belief = labelled.class_log_prior_.copy()
    for place, value in enumerate(tokens):
        assert value == pytest.approx(logsumexp(log_belief + by_label[:, place]), abs=1e-5)
        log_belief += by_label[:, place]
        log_belief -= logsumexp(log_belief)


def test_a_model_without_labels_does_not_classify(model):
    assert not hasattr(small(), "predict")
    for method in ("predict", "predict_proba"):
        assert not hasattr(model, method)
    assert model.classes_ is None


@pytest.mark.parametrize(
    "params", [{}, {"kernels": False, "cell": "gru", "batch_size": 8}], ids=str
)
@pytest.mark.parametrize("documents", [True, False])
def test_results_do_not_depend_on_n_jobs(params, documents):
    texts = PROSE * 3
    models = [
        small(n_jobs=n_jobs, documents=documents, bptt=40, dropout=0.3, **params).fit(texts)
        for n_jobs in (1, 2, 3)
    ]
    for model in models[1:]:
        assert_array_equal(model.log_prob(texts), models[0].log_prob(texts))


def test_the_same_seed_gives_the_same_model(model):
    assert_array_equal(clone(model).fit(NAMES).log_prob(NAMES), model.log_prob(NAMES))
    other = small(random_state=1).fit(NAMES)
    assert not np.array_equal(other.log_prob(NAMES), model.log_prob(NAMES))


@pytest.mark.parametrize("keep", ["pickle", "file"])
@pytest.mark.parametrize("params", [{}, {"tie_weights": True, "cell": "gru"}], ids=str)
@pytest.mark.parametrize("y", [None, LANGUAGES], ids=["texts", "labels"])
def test_a_kept_model_gives_the_same(keep, params, y, tmp_path):
    model = small(early_stopping=True, **params).fit(NAMES, y)
    if keep == "pickle":
        kept = pickle.loads(pickle.dumps(model))
    else:
        sklearn_rnn.save(model, tmp_path / "model.safetensors")
        kept = sklearn_rnn.load(tmp_path / "model.safetensors")
        sklearn_rnn.save(kept, tmp_path / "again.safetensors")
        first, again = (tmp_path / f"{name}.safetensors" for name in ("model", "again"))
        assert first.read_bytes() == again.read_bytes()
    assert_array_equal(kept.log_prob(NAMES), model.log_prob(NAMES))
    assert_array_equal(kept.transform(NAMES), model.transform(NAMES))
    assert kept.get_params().keys() == model.get_params().keys()
    assert kept.loss_curve_ == model.loss_curve_
    assert hasattr(kept, "predict") == (y is not None)
    kept.set_params(warm_start=True).fit(NAMES, y)  # goes on


def test_grid_search_takes_the_likelihood():
    grid = {"cell": ["lstm", "gru"], "lr": [1e-5, 0.02]}
    searches = [GridSearchCV(small(), grid, cv=2, n_jobs=n_jobs).fit(NAMES) for n_jobs in (1, 2)]
    assert searches[0].best_params_["lr"] == 0.02
    for name in ("mean_test_score", "std_test_score"):
        assert_array_equal(searches[0].cv_results_[name], searches[1].cv_results_[name])


@pytest.mark.parametrize("documents", [True, False])
def test_early_stopping_keeps_the_best_epoch(documents):
    model = small(
        documents=documents, early_stopping=True, max_epochs=40, n_iter_no_change=2, lr=0.05
    ).fit(NAMES, X_val=["hanna", "rosa"])
    assert model.score(["hanna", "rosa"]) == model.best_validation_score_
    assert model.best_validation_score_ == max(model.validation_scores_)
    assert len(model.validation_scores_) == model.n_iter_ < 40


def test_texts_set_aside_are_not_trained_on():
    model = small(early_stopping=True, validation_fraction=0.5, max_epochs=1).fit(NAMES)
    assert model.t_ < 0.8 * (sum(map(len, NAMES)) + len(NAMES))
    model = small(early_stopping=True, validation_fraction=0.5, max_epochs=1, documents=False).fit(
        NAMES
    )
    assert model.t_ == sum(map(len, NAMES)) // 2


class Interrupt(Callback):
    """Press Ctrl-C in the middle of an epoch."""

    def __init__(self, epoch, batch):
        self.epoch = epoch
        self.batch = batch

    def on_batch_begin(self, net, **kwargs):
        if len(net.history) == self.epoch and len(net.history[-1]["batches"]) == self.batch:
            raise KeyboardInterrupt


def test_an_interrupted_fit_keeps_the_best():
    params = {"early_stopping": True, "batch_size": 4, "max_epochs": 8}
    with pytest.warns(FitInterruptedWarning, match="epoch 4 of 8") as record:
        model = small(callbacks=[Interrupt(4, 3)], **params).fit(NAMES, X_val=NAMES)
    assert [warning.filename for warning in record] == [__file__]
    assert model.n_iter_ == 3
    assert model.score(NAMES) == max(model.validation_scores_) == model.best_validation_score_


def test_an_interrupt_before_the_first_step_leaves_nothing():
    model = small(callbacks=[Interrupt(1, 1)])
    with pytest.raises(KeyboardInterrupt):
        model.fit(NAMES)
    assert not hasattr(model, "net_")


def test_warm_start_goes_on():
    model = small(warm_start=True, max_epochs=5).fit(NAMES, LANGUAGES)
    before, classes = model.score(NAMES), model.classes_
    model.fit(NAMES, LANGUAGES)
    assert model.score(NAMES) > before
    assert model.t_ == 10 * (sum(map(len, NAMES)) + len(NAMES))
    assert len(model.loss_curve_) == 10
    assert model.classes_ is classes
    with pytest.raises(ValueError, match="labels that are not among the classes"):
        model.fit(NAMES, ["x"] * len(NAMES))
    with pytest.raises(ValueError, match="Got X without y"):
        model.fit(NAMES)


CHANGES = [
    ({"documents": True}, {"documents": False}),
    ({"documents": False}, {"documents": True}),
    ({"reverse": True}, {"reverse": False}),
    ({"reverse": False}, {"reverse": True}),
]


@pytest.mark.parametrize(("params", "others"), CHANGES, ids=str)
def test_a_fitted_model_reads_as_it_was_fitted(params, others, tmp_path):
    model = small(max_epochs=10, **params).fit(NAMES)
    texts = ["hanna", "otto", "bo"]
    changed = pickle.loads(pickle.dumps(model)).set_params(**others)
    sklearn_rnn.save(changed, tmp_path / "model")
    for same in (changed, sklearn_rnn.load(tmp_path / "model")):
        assert same.score(texts) == model.score(texts)
        assert same.bits_per_character(texts) == model.bits_per_character(texts)
        for method in ("transform", "log_prob"):
            assert_array_equal(getattr(same, method)(texts), getattr(model, method)(texts))
        tokens = (np.concatenate(each.token_log_probs(texts)) for each in (same, model))
        assert_array_equal(*tokens)
        frames = [surprise(each, texts) for each in (same, model)] if "documents" in params else []
        assert not frames or frames[0].equals(frames[1])
        if model.reverse_:
            with pytest.raises(ValueError, match="cannot continue"):
                same.generate("a")
        else:
            assert same.generate("a", random_state=0) == model.generate("a", random_state=0)
    for each in (model, changed):  # which goes on as it began, up to the next fit
        each.partial_fit(["hanna", "anna"])
    assert_array_equal(changed.log_prob(texts), model.log_prob(texts))
    anew = small(max_epochs=1, **others).fit(NAMES)
    changed.set_params(max_epochs=1).fit(NAMES)
    assert_array_equal(changed.log_prob(texts), anew.log_prob(texts))


def test_a_model_with_labels_reads_documents_whatever_becomes_of_the_parameter(labelled):
    changed = pickle.loads(pickle.dumps(labelled)).set_params(documents=False)
    assert_array_equal(changed.predict_proba(NAMES), labelled.predict_proba(NAMES))
    changed.partial_fit(NAMES, LANGUAGES)


def test_ids_can_be_given_for_texts(model):
    X = SequenceVectorizer(analyzer="char", lowercase=False).fit_transform(NAMES)
    by_ids = small().fit(X)
    assert_array_equal(by_ids.log_prob(X), model.log_prob(NAMES))
    padded = X.toarray()
    assert_array_equal(by_ids.log_prob(padded), model.log_prob(NAMES))
    with pytest.raises(ValueError, match="fitted on token ids"):
        by_ids.log_prob(NAMES)


def test_unknown_characters_are_improbable_and_no_error(model):
    known, unknown = model.log_prob(["anna", "#@!é"])
    assert np.isfinite(unknown)
    assert known > unknown


def test_the_default_reads_characters_as_they_are():
    model = small().fit(["A b\n\tc  d"])
    assert set(model.vectorizer_.vocabulary_) == set("A b\n\tc  d")


@pytest.mark.parametrize("precision", ["bfloat16"])
def test_lower_precision_is_close(precision):
    model = small(precision=precision, hidden_size=16).fit(NAMES)
    expected = small(hidden_size=16).fit(NAMES)
    assert model.score(NAMES) == pytest.approx(expected.score(NAMES), abs=0.05)


def test_training_on_many_ids_equals_a_plain_loss():
    """The loss computed some tokens at a time gives the gradients of all tokens at once."""
    vectorizer = SequenceVectorizer(token_pattern=r"\S+")
    words = [" ".join(f"w{(i * j) % 997}" for j in range(1, 60)) for i in range(1, 120)]
    params = {
        "vectorizer": vectorizer, "optimizer": "sgd", "lr": 0.5, "lr_schedule": "constant",
        "batch_size": 119, "bptt": 60, "dropout": 0.0, "clip_grad_norm": None, "max_epochs": 1,
    }  # fmt: skip
    model = small(**params).fit(words)
    start = small(**{**params, "lr": 1e-12}).fit(words)
    network = start.module_
    X = model.vectorizer_.transform(words).toarray()
    ids = torch.from_numpy(np.pad(X, ((0, 0), (1, 1)))).long()
    packed = torch.nn.utils.rnn.pack_padded_sequence(
        ids[:, :-1], torch.full((len(ids),), ids.shape[1] - 1), batch_first=True
    )
    network.train()
    hidden, _ = network(packed)
    loss = network.loss(hidden, ids[:, 1:].T.reshape(-1)).mean()
    loss.backward()
    for name, weight in model.module_.named_parameters():
        before = network.get_parameter(name)
        expected = before - 0.5 * (before.grad + 0.01 * before)
        assert_allclose(weight.detach(), expected.detach(), atol=2e-5, err_msg=name)


REFUSED = [
    (
        {"documents": False},
        {"X": np.zeros((2, 3), int)},
        "no token that RNNLanguageModel could learn from",
    ),
    ({"documents": False}, {"X": NAMES, "y": LANGUAGES}, "labels of documents only"),
    ({}, {"X": NAMES, "y": LANGUAGES[:3]}, "inconsistent numbers of samples"),
    ({}, {"X": NAMES, "y": np.eye(2, dtype=int)[[0, 1] * 18]}, "one label for each text"),
    ({}, {"X": NAMES, "X_val": NAMES}, "early_stopping is False"),
    ({"early_stopping": True}, {"X": NAMES, "y_val": LANGUAGES}, "X_val was not provided"),
    (
        {"early_stopping": True},
        {"X": NAMES, "y": LANGUAGES, "X_val": NAMES},
        "y_val was not provided",
    ),
    (
        {"early_stopping": True},
        {"X": NAMES, "y": LANGUAGES, "X_val": ["a"], "y_val": ["x"]},
        "y_val contains labels that are not among the classes",
    ),
    (
        {"early_stopping": True},
        {"X": NAMES, "X_val": ["a"], "y_val": ["x"]},
        "fitted without labels",
    ),
    ({"early_stopping": True}, {"X": ["anna"]}, "leaves none to train on"),
    ({"bptt": 0}, {"X": NAMES}, "'bptt' parameter"),
    ({"cell": "grid_lstm", "zoneout": 0.1}, {"X": NAMES}, "cannot be combined"),
    ({"lr": 1e30, "clip_grad_norm": None}, {"X": NAMES}, "Lower lr"),
]


@pytest.mark.parametrize(("params", "data", "message"), REFUSED, ids=[case[2] for case in REFUSED])
def test_what_cannot_be_learned_is_refused(params, data, message):
    model = small(**params)
    with pytest.raises(ValueError, match=message):
        model.fit(**data)
    assert not hasattr(model, "net_")


def test_what_cannot_be_scored_is_refused(labelled):
    stream = small(documents=False).fit(PROSE)
    with pytest.raises(ValueError, match="no token that RNNLanguageModel could score"):
        stream.score(["", ""])
    with pytest.raises(ValueError, match="labels that are not among the classes"):
        labelled.score(["anna"], ["x"])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        labelled.score(["anna"], ["a", "o"])


def test_training_at_the_defaults_warns_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        RNNLanguageModel(max_epochs=1).fit(NAMES)


@pytest.mark.parametrize(
    ("params", "is_cut"),
    [({}, False), ({"kernels": False}, True), ({"zoneout": 0.1}, True), ({"cell": "mgu"}, True)],
    ids=str,
)
def test_windows_are_cut_where_no_kernel_starts_threads(params, is_cut):
    if not is_cut and not has_kernels("auto"):
        pytest.skip("there are no kernels")
    model = small(max_epochs=1, **params).fit(NAMES)
    assert (model.net_.iterator_train__part_documents is not None) == is_cut
