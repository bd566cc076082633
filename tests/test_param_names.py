import copy
import inspect
import pickle

import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

from sklearn_rnn import (
    RNNLanguageModel,
    RNNTextClassifier,
    RNNTextEncoder,
    RNNTextRegressor,
    RNNTokenClassifier,
    RNNTranslator,
    SequenceVectorizer,
    SubwordVectorizer,
)
from sklearn_rnn.utils._param_names import (
    OTHER_NAMES,
    VECTORIZER_PARAMS,
    ParamNamesMixin,
    did_you_mean,
)

NETWORKS = [RNNTextClassifier, RNNTextRegressor, RNNTextEncoder]
ALL = [
    *NETWORKS,
    RNNLanguageModel,
    RNNTokenClassifier,
    RNNTranslator,
    SequenceVectorizer,
    SubwordVectorizer,
]
X, Y = ["good, not bad", "bad, not good"] * 4, ["praise", "complaint"] * 4

every_network = pytest.mark.parametrize("Network", NETWORKS)
every_estimator = pytest.mark.parametrize("Estimator", ALL)


def params_of(class_):
    return list(inspect.signature(class_).parameters)


@every_network
@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("epochs", "max_epochs"),
        ("max_iter", "max_epochs"),
        ("learning_rate", "lr"),
        ("learning_rate_init", "lr"),
        ("n_layers", "num_layers"),
        ("hidden_layers", "num_layers"),
        ("units", "hidden_size"),
        ("hidden_dim", "hidden_size"),
        ("n_hidden", "hidden_size"),
        ("hidden_layer_sizes", "hidden_size"),
        ("hiden_size", "hidden_size"),
        ("compile", "kernels"),
        ("doubly_stochastic", "attention_penalty"),
        ("bidir", "bidirectional"),
        ("embed_dim", "embedding_dim"),
        ("embedding_size", "embedding_dim"),
        ("rnn_type", "cell"),
        ("cell_type", "cell"),
        ("seed", "random_state"),
        ("random_sate", "random_state"),
        ("patience", "n_iter_no_change"),
        ("val_fraction", "validation_fraction"),
        ("validation_split", "validation_fraction"),
        ("solver", "optimizer"),
        ("alpha", "weight_decay"),
        ("l2", "weight_decay"),
        ("module__hidden_size", "hidden_size"),
    ],
)
def test_wrong_name_is_answered_with_the_right_one(Network, given, meant):
    message = f"{Network.__name__} has no parameter '{given}'. Did you mean '{meant}'?"
    with pytest.raises(TypeError) as caught:
        Network(**{given: 1})
    assert str(caught.value) == message
    with pytest.raises(ValueError, match=f"Did you mean '{meant}'") as caught:
        Network().set_params(**{given: 1})
    if "__" not in given:
        # scikit-learn's own words stand in front, with all names that are valid.
        assert f"Invalid parameter '{given}' for estimator {Network.__name__}()" in str(
            caught.value
        )
        assert f"Valid parameters are: {sorted(params_of(Network))}" in str(caught.value)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("vocab_size", "max_features"),
        ("max_words", "max_features"),
        ("max_feature", "max_features"),
        ("maxlen", "max_length"),
        ("min_freq", "min_df"),
        ("stopwords", "stop_words"),
        ("do_lower_case", "lowercase"),
    ],
)
def test_names_of_the_vectorizer(given, meant):
    with pytest.raises(TypeError, match=f"no parameter '{given}'. Did you mean '{meant}'"):
        SequenceVectorizer(**{given: 1})
    # The estimator that holds one is often asked.
    with pytest.raises(TypeError) as caught:
        RNNTextClassifier(**{given: 1})
    assert str(caught.value).endswith(f"Did you mean vectorizer=SequenceVectorizer({meant}=...)?")
    model = RNNTextClassifier(vectorizer=SequenceVectorizer())
    with pytest.raises(ValueError, match=f"for estimator SequenceVectorizer.*'{meant}'") as caught:
        model.set_params(**{f"vectorizer__{given}": 1})
    assert str(caught.value).count("Did you mean") == 1


def test_loss_of_other_libraries():
    with pytest.raises(TypeError, match="Did you mean 'loss'"):
        RNNTextRegressor(criterion="huber")
    with pytest.raises(TypeError, match=r"has no parameter 'criterion'\.$"):
        RNNTextClassifier(criterion="huber")


def test_ngrams_are_those_of_the_wide_path():
    with pytest.raises(TypeError, match="Did you mean 'wide_ngrams'"):
        RNNTextClassifier(ngram_range=(1, 3))
    with pytest.raises(TypeError, match=r"has no parameter 'ngram_range'\.$"):
        RNNTextEncoder(ngram_range=(1, 3))


@every_estimator
@pytest.mark.parametrize("name", ["flavour", "n_estimators", "max_depth", "C"])
def test_no_suggestion_where_nothing_is_near(Estimator, name):
    with pytest.raises(TypeError) as caught:
        Estimator(**{name: 1})
    assert str(caught.value) == f"{Estimator.__name__} has no parameter '{name}'."
    with pytest.raises(ValueError, match=f"Invalid parameter '{name}'") as caught:
        Estimator().set_params(**{name: 1})
    assert "Did you mean" not in str(caught.value)


def test_every_wrong_name_is_told():
    with pytest.raises(TypeError, match=r"'epochs'.*'max_epochs'\? .*'flavour'\.$"):
        RNNTextClassifier(epochs=3, lr=0.1, flavour=1)


def test_grid_over_a_pipeline():
    pipeline = Pipeline([("vectorizer", SequenceVectorizer()), ("clf", RNNTextClassifier())])
    with pytest.raises(ValueError, match="Did you mean 'max_epochs'"):
        GridSearchCV(pipeline, {"clf__epochs": [1, 2]}, cv=2).fit(X, Y)


def test_nested_name_while_there_is_no_vectorizer():
    message = r"'vectorizer' of RNNTextClassifier is None.* Set vectorizer=SequenceVectorizer\(\)"
    with pytest.raises(ValueError, match=message):
        RNNTextClassifier().set_params(vectorizer__max_features=10)
    with pytest.raises(ValueError, match=message):
        Pipeline([("clf", RNNTextClassifier())]).set_params(clf__vectorizer__max_features=10)
    clf = RNNTextClassifier().set_params(
        vectorizer__max_features=10, vectorizer=SequenceVectorizer()
    )
    assert clf.vectorizer.max_features == 10


@pytest.mark.parametrize("name", ["optimizer__betas", "iterator_train__shuffle"])
def test_nested_name_of_skorch(name):
    with pytest.raises(TypeError, match=f"Did you mean skorch_params={{'{name}': ...}}"):
        RNNTextClassifier(**{name: 1})
    with pytest.raises(ValueError, match=f"skorch_params={{'{name}': ...}}"):
        RNNTextClassifier().set_params(**{name: 1})


def test_nested_name_of_what_has_no_parameters():
    with pytest.raises(ValueError, match="'cell' of RNNTextClassifier is 'lstm', which has no"):
        RNNTextClassifier().set_params(cell__size=1)


@pytest.mark.parametrize(
    ("given", "meant"), [("optimiser__betas", "optimizer"), ("learning_rate", "lr")]
)
def test_wrong_name_in_skorch_params(given, meant):
    clf = RNNTextClassifier(skorch_params={given: 1}, max_epochs=1)
    with pytest.raises(ValueError, match=f"Got '{given}'. Did you mean '{meant}'"):
        clf.fit(X, Y)


def test_values_refused_by_set_params_are_not_called_wrong_names():
    class Strict(RNNTextClassifier):
        def set_params(self, **params):
            return super().set_params(**params)

        def get_params(self, deep=True):
            return super().get_params(deep)

        @property
        def lr(self):
            return self._lr

        @lr.setter
        def lr(self, value):
            if value < 0:
                raise ValueError("lr is negative")
            self._lr = value

    with pytest.raises(ValueError, match=r"^lr is negative$"):
        Strict().set_params(lr=-1)


@every_estimator
def test_signature_names_every_parameter(Estimator):
    init = inspect.signature(Estimator.__init__).parameters
    assert params_of(Estimator) == list(init)[1:]
    assert "params" not in init


@every_estimator
def test_copies_are_as_before(Estimator):
    name, value = params_of(Estimator)[0], object
    estimator = Estimator(**{name: value})
    copies = copy.copy(estimator), copy.deepcopy(estimator), pickle.loads(pickle.dumps(estimator))
    for other in (clone(estimator), *copies):
        assert type(other) is Estimator
        assert vars(other) == vars(estimator)


class OwnInit(RNNTextClassifier):
    """Take an argument by place, as no estimator of the package does."""

    def __init__(self, size, *, lr=0.01):
        super().__init__(hidden_size=size, lr=lr)
        self.size = size


class MoreParams(RNNTextClassifier):
    def __init__(self, *, extra=1, **params):
        super().__init__(**params)
        self.extra = extra


def test_subclass_with_positional_arguments():
    assert OwnInit(3).hidden_size == 3
    assert clone(OwnInit(3, lr=0.1)).get_params() == {"size": 3, "lr": 0.1}
    with pytest.raises(TypeError, match=r"OwnInit has no parameter 'max_epochs'\.$"):
        OwnInit(3, max_epochs=1)
    with pytest.raises(TypeError, match="positional argument"):
        OwnInit()


def test_subclass_that_passes_parameters_on():
    assert MoreParams(extra=2, lr=0.1).lr == 0.1
    with pytest.raises(TypeError, match="unexpected keyword argument 'epochs'"):
        MoreParams(epochs=1)


def test_subclass_without_parameters():
    class Plain(ParamNamesMixin, BaseEstimator):
        pass

    assert Plain().set_params().get_params() == {}
    with pytest.raises(TypeError, match=r"Plain has no parameter 'lr'\.$"):
        Plain(lr=1)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("seq_len", "bptt"),
        ("tie_word_embeddings", "tie_weights"),
        ("dropouti", "embedding_dropout"),
        ("epochs", "max_epochs"),
        ("analyzer", r"vectorizer=SequenceVectorizer\(analyzer=...\)"),
    ],
)
def test_language_model_knows_other_names(given, meant):
    with pytest.raises(TypeError, match=f"no parameter '{given}'. Did you mean '?{meant}'?"):
        RNNLanguageModel(**{given: 1})


def test_table_leads_to_parameters_there_are():
    there_are = {name for class_ in ALL for name in params_of(class_)}
    assert set(OTHER_NAMES) <= there_are
    assert params_of(SequenceVectorizer) == VECTORIZER_PARAMS


@every_estimator
def test_no_name_in_the_table_is_one_of_ours(Estimator):
    others = [name for names in OTHER_NAMES.values() for name in names.split()]
    # A name stands in two lines only where two estimators are meant.
    for name in others:
        ours = [ours for ours, names in OTHER_NAMES.items() if name in names.split()]
        assert len(set(ours) & set(params_of(Estimator))) <= 1, name


def test_names_that_are_no_str():
    assert did_you_mean(3, ["lr"]) == ""
