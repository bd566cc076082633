"""The estimators and configurations on which the common checks run, and what may fail."""

import sklearn
from sklearn.utils.fixes import parse_version

from sklearn_rnn import (
    RNNLanguageModel,
    RNNTextClassifier,
    RNNTextEncoder,
    RNNTextRegressor,
    RNNTokenClassifier,
    SequenceVectorizer,
    SubwordVectorizer,
)
from sklearn_rnn.modules._pooling import POOLINGS
from sklearn_rnn.modules.cells import ACTIVATIONS, CELLS
from sklearn_rnn.utils.estimator_checks import NumbersAsTextMixin

# Learns the documents of the checks, in a blink.
SMALL = {"embedding_dim": 4, "hidden_size": 4, "max_epochs": 4, "random_state": 0}

# Learns numbers from the order of ids as well, in the time of some blinks.
LARGER = {
    "embedding_dim": 8,
    "hidden_size": 16,
    "max_epochs": 20,
    "lr": 0.02,
    "dropout": 0.0,
    "word_dropout": 0.0,
}

# Of every estimator that is trained: what differs from SMALL.
CONFIGURATIONS = [
    *({"cell": cell} for cell in sorted(CELLS)),
    *({"cell": "rnn", "activation": activation} for activation in sorted(ACTIVATIONS)),
    *({"pooling": pooling} for pooling in sorted(POOLINGS)),
    {"wide_weight": 0, "lr": 0.02, "max_epochs": 20},
    LARGER,
    {**LARGER, "wide_weight": 0},
    {"bidirectional": False},
    {"num_layers": 2},
    {"skip_connection": False},
    {"early_stopping": True, "validation_fraction": 0.2, "n_iter_no_change": 20},
    {"optimizer": "adam", "lr": 0.02, "max_epochs": 20},
    {"lr_schedule": "constant", "batch_size": 5},
    {"batch_size": "auto"},  # which SMALL_TOO replaces
    {"precision": "bfloat16"},
    *({"kernels": False, "cell": cell} for cell in ("rnn", "lstm", "gru")),
    {"kernels": False, "num_layers": 2, "precision": "bfloat16"},
    {"n_jobs": 2, "crop_length": 3},
    {"vectorizer": SequenceVectorizer(max_length=6, analyzer="char", truncation="both")},
    {"vectorizer": SubwordVectorizer(vocab_size=300)},
]


class SpelledClassifier(NumbersAsTextMixin, RNNTextClassifier):
    """The classifier on numbers that are spelled out."""


class SpelledRegressor(NumbersAsTextMixin, RNNTextRegressor):
    """The regressor on numbers that are spelled out."""


class SpelledEncoder(NumbersAsTextMixin, RNNTextEncoder):
    """The encoder on numbers that are spelled out."""


class SpelledLanguageModel(NumbersAsTextMixin, RNNLanguageModel):
    """The language model of numbers that are spelled out."""


class SpelledVectorizer(NumbersAsTextMixin, SequenceVectorizer):
    """The vectorizer of numbers that are spelled out."""


class SpelledSubwordVectorizer(NumbersAsTextMixin, SubwordVectorizer):
    """The vectorizer of subwords of numbers that are spelled out."""


# What else differs for some. A language model by itself takes a step for each of thirty documents.
SMALL_TOO = {model: {"batch_size": 8} for model in (RNNLanguageModel, SpelledLanguageModel)}

# For each trained estimator, the class that scikit-learn's checks run on as text.
TRAINED = {
    RNNTextClassifier: SpelledClassifier,
    RNNTextRegressor: SpelledRegressor,
    RNNTextEncoder: SpelledEncoder,
    RNNLanguageModel: SpelledLanguageModel,
}

# A tag for each token is no target that scikit-learn's checks could make: ours alone run on these.
TAGGERS = [
    RNNTokenClassifier(**SMALL, **{"char_embedding_dim": 4, "char_hidden_size": 4, **params})
    for params in (
        {"embedding": None},  # first, since the words of the table that ships take time in each fit
        {},
        {"crf": False},
        {"early_stopping": True, "validation_fraction": 0.2, "n_iter_no_change": 20},
        {"cell": "gru", "num_layers": 2, "bidirectional": False, "n_jobs": 2},
        {"kernels": False, "variational_dropout": True},
        {"class_weight": "balanced", "crf": False},
    )
]

VECTORIZERS = [
    SequenceVectorizer(),
    SequenceVectorizer(sparse_output=False),
    SequenceVectorizer(sparse_output=False, max_length=5, truncation="tail"),
    SequenceVectorizer(analyzer="char", max_features=20, lowercase=False),
    SubwordVectorizer(),
    SubwordVectorizer(model="wordpiece", vocab_size=300, strip_accents="unicode"),
    SubwordVectorizer(sparse_output=False, max_length=5, truncation="both"),
]

# For each vectorizer, the class that scikit-learn's checks run on.
SPELLED_VECTORIZERS = {
    SequenceVectorizer: SpelledVectorizer,
    SubwordVectorizer: SpelledSubwordVectorizer,
}

_POSITIONS = (
    "Columns are positions, not features: documents may be longer or shorter than in fit, so the "
    "number of columns is not stored."
)
_FRACTIONS = (
    "The check passes fractions to an estimator whose tags say that its input is categorical; "
    "passes when numbers are written as text."
)
_SIZE = (
    "For speed there are only four units and four epochs, too few to learn this; passes with 16 "
    "units, 20 epochs and no wide path, another configuration here."
)
_BATCHES = (
    "Training uses random batches, in which a repeated document occurs several times, as in "
    "SGDClassifier and MLPClassifier."
)
_NO_CHUNKS = (
    "The check calls partial_fit, which raises an error with early_stopping=True, as in "
    "SGDClassifier and MLPClassifier: a chunk has no validation set."
)
_SIX_LETTERS = (
    "This configuration reads six letters of a row written as text, too few to tell its class."
)
_CLASSES = (
    "The check passes `classes` to the first partial_fit only for classifiers, but a transformer "
    "that learns from labels needs them too; passes with them."
)


def expected_failures(estimator):
    """Return scikit-learn's checks that cannot pass, and why."""
    if isinstance(estimator, NumbersAsTextMixin):
        if isinstance(estimator, (SequenceVectorizer, SubwordVectorizer)):
            return {}
        failures = {"check_sample_weight_equivalence_on_dense_data": _BATCHES}
        if estimator.early_stopping:
            for check in (
                "check_fit_score_takes_y",
                "check_n_features_in_after_fitting",
                "check_estimators_partial_fit_n_features",
            ):
                failures[check] = _NO_CHUNKS
        if estimator.vectorizer is not None:
            failures["check_classifiers_train"] = _SIX_LETTERS
        if isinstance(estimator, (RNNTextEncoder, RNNLanguageModel)):
            failures["check_n_features_in_after_fitting"] = _CLASSES
        return failures
    if isinstance(estimator, (SequenceVectorizer, SubwordVectorizer)):
        return {}
    failures = {
        "check_estimators_partial_fit_n_features": _POSITIONS,
        "check_n_features_in": _POSITIONS,
        "check_n_features_in_after_fitting": _POSITIONS,
        "check_classifiers_train": _POSITIONS,
        "check_transformer_general": _POSITIONS,
        "check_classifiers_one_label_sample_weights": _FRACTIONS,
        "check_class_weight_classifiers": _FRACTIONS,
        "check_decision_proba_consistency": _FRACTIONS,
        "check_sample_weight_equivalence_on_dense_data": _FRACTIONS,
        "check_sample_weight_equivalence_on_sparse_data": _FRACTIONS,
    }
    if estimator.early_stopping:
        failures["check_fit_score_takes_y"] = _NO_CHUNKS
    if isinstance(estimator, RNNTextRegressor) and (
        estimator.hidden_size < LARGER["hidden_size"] or estimator.wide_weight
    ):
        failures["check_regressors_train"] = _SIZE
    if parse_version(sklearn.__version__) < parse_version("1.7"):
        failures["check_positive_only_tag_during_fit"] = (
            "The check subtracts a float from integers in place, which NumPy refuses."
        )
    return failures


def make_small(class_, configurations):
    """Return an estimator for each configuration whose parameters it has."""
    names = class_._get_param_names()
    small = {**SMALL, **SMALL_TOO.get(class_, {})}
    return [class_(**{**small, **params}) for params in configurations if {*params} <= {*names}]
