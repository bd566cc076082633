"""What the page on integrations says of other packages, with those that are installed."""

import numpy as np
import pytest
from skorch.callbacks import Callback
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

import sklearn_rnn
from sklearn_rnn import RNNTextClassifier, SequenceVectorizer, SubwordVectorizer
from sklearn_rnn.datasets import make_word_order

X, Y = make_word_order(60, max_length=12, random_state=0)
TEXT = "the train was late and good , not bad"


def make_classifier(**params):
    small = {"embedding_dim": 6, "hidden_size": 5, "max_epochs": 2, "random_state": 0}
    return RNNTextClassifier(**{**small, **params})


def test_optuna_prunes_in_the_middle_of_a_fit():
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)

    class Report(Callback):
        def __init__(self, trial):
            self.trial = trial

        def on_epoch_end(self, net, **kwargs):
            self.trial.report(-self.trial.number, len(net.history))  # the second one is worse
            if self.trial.should_prune():
                raise optuna.TrialPruned

    def objective(trial):
        model = make_classifier(max_epochs=5, callbacks=[Report(trial)])
        return model.fit(X, Y).score(X, Y)

    pruner = optuna.pruners.MedianPruner(n_startup_trials=1)
    study = optuna.create_study(direction="maximize", pruner=pruner)
    study.optimize(objective, n_trials=2)
    first, second = study.trials
    assert first.state == optuna.trial.TrialState.COMPLETE
    assert second.state == optuna.trial.TrialState.PRUNED
    assert len(first.intermediate_values) == 5
    assert len(second.intermediate_values) == 1


def test_a_pruned_fit_leaves_the_estimator_as_it_was():
    class Pruned(Exception):
        pass

    class Prune(Callback):
        def on_epoch_end(self, net, **kwargs):
            raise Pruned

    clf = make_classifier(callbacks=[Prune()])
    before = dict(vars(clf))
    with pytest.raises(Pruned):
        clf.fit(X, Y)
    assert vars(clf) == before


def test_lime_names_the_words_that_count():
    lime_text = pytest.importorskip("lime.lime_text")
    clf = make_classifier(max_epochs=20).fit(X, Y)
    explainer = lime_text.LimeTextExplainer(class_names=clf.classes_, bow=False, random_state=0)
    explanation = explainer.explain_instance(TEXT, clf.predict_proba, num_samples=50, top_labels=1)
    (label,) = explanation.available_labels()
    assert label == clf.predict_proba([TEXT]).argmax()
    assert {word for word, _ in explanation.as_list(label)} <= set(TEXT.split())


def test_shap_adds_up_to_the_prediction():
    shap = pytest.importorskip("shap")
    clf = make_classifier(max_epochs=20).fit(X, Y)
    explainer = shap.Explainer(
        clf.predict_proba, shap.maskers.Text(r"\W+"), output_names=clf.classes_.tolist()
    )
    values = explainer([TEXT], max_evals=300)
    total = values.base_values[0] + values.values[0].sum(axis=0)
    np.testing.assert_allclose(total, clf.predict_proba([TEXT])[0], atol=1e-5)


def test_oversampling_draws_rows_of_token_ids():
    over_sampling = pytest.importorskip("imblearn.over_sampling")
    pipeline = pytest.importorskip("imblearn.pipeline")
    rare = np.arange(60) % 10 == 0
    sampler = over_sampling.RandomOverSampler(random_state=0)
    model = pipeline.make_pipeline(SequenceVectorizer(), sampler, make_classifier()).fit(X, rare)
    n_epochs = model[-1].n_iter_
    assert model[-1].t_ == n_epochs * 2 * (~rare).sum()
    assert model.predict(X).shape == (60,)


def test_spacy_splits_for_the_vectorizer_or_beforehand():
    spacy = pytest.importorskip("spacy")
    tokenizer = spacy.blank("en").tokenizer

    def split(text):
        return [token.text for token in tokenizer(text) if not token.is_space]

    inside = make_classifier(vectorizer=SequenceVectorizer(tokenizer=split, lowercase=False))
    before = make_classifier(vectorizer=SequenceVectorizer(lowercase=False))
    tokens = [split(text) for text in X]
    np.testing.assert_array_equal(
        inside.fit(X, Y).predict_proba(X), before.fit(tokens, Y).predict_proba(tokens)
    )


def test_save_refuses_a_tokenizer_that_is_code(tmp_path):
    clf = make_classifier(vectorizer=SequenceVectorizer(tokenizer=str.split)).fit(X, Y)
    with pytest.raises((TypeError, ValueError), match="tokenizer"):
        sklearn_rnn.save(clf, tmp_path / "model.safetensors")


def test_a_tokenizer_of_hugging_face_is_saved_with_the_model(tmp_path):
    tokenizer = Tokenizer(models.BPE(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.BpeTrainer(vocab_size=60, special_tokens=["[UNK]"], show_progress=False)
    tokenizer.train_from_iterator(X, trainer)
    clf = make_classifier(vectorizer=SubwordVectorizer(tokenizer=tokenizer)).fit(X, Y)
    sklearn_rnn.save(clf, tmp_path / "model.safetensors")
    loaded = sklearn_rnn.load(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(loaded.predict_proba(X), clf.predict_proba(X))
