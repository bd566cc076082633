"""Estimators of text with one fault each, by the check that must find it."""

import copy
import warnings
from itertools import count

import numpy as np
from sklearn.utils import column_or_1d
from word_estimators import WordClassifier, WordClusterer, WordRegressor, WordVectorizer

# Pairs of the name of a check and an estimator that it must not pass.
BROKEN = []


def breaks(*checks, **params):
    """Register a class for the checks that must find its fault."""

    def register(class_):
        BROKEN.extend((check, class_(**params)) for check in checks)
        return class_

    return register


_COUNTER = count(1)

# Names, tags and copies


@breaks("check_text_tag")
class NoTextTag(WordVectorizer):
    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = False
        return tags


@breaks("check_tags_tell_the_methods")
class NeedsNoTarget(WordClassifier):
    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = False
        return tags


@breaks("check_tags_do_not_change_in_fit")
class TagsOfTheFitted(WordVectorizer):
    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = hasattr(self, "words_")
        return tags


@breaks("check_fit_returns_self")
class FitReturnsNothing(WordVectorizer):
    def fit(self, X, y=None):
        super().fit(X)


@breaks("check_fit_takes_X_and_y")
class FitOfDocuments(WordVectorizer):
    def fit(self, documents, y=None):
        return super().fit(documents)


@breaks("check_no_fitted_attributes_before_fit")
class SetsWordsEarly(WordVectorizer):
    def __init__(self, *, alpha=1.0):
        super().__init__(alpha=alpha)
        self.words_ = None


@breaks("check_fit_sets_names_with_an_underscore")
class LearnsWithoutUnderscore(WordVectorizer):
    def fit(self, X, y=None):
        self.n_documents = len(list(X))
        return super().fit(X)


@breaks("check_unfitted_methods_are_refused")
class TransformsUnfitted(WordVectorizer):
    def transform(self, X):
        return super().transform(X) if hasattr(self, "words_") else np.zeros((len(X), 1))


@breaks("check_is_fitted_says_so")
class AlwaysFitted(WordVectorizer):
    def __sklearn_is_fitted__(self):
        return True


@breaks("check_clone_of_fitted_is_unfitted")
class CloneKeepsAll(WordVectorizer):
    def __sklearn_clone__(self):
        return copy.deepcopy(self)


@breaks("check_clone_keeps_parameters", alpha=2.0)
class CloneForgets(WordVectorizer):
    def __sklearn_clone__(self):
        return type(self)(alpha=self.alpha / 2)


@breaks("check_repr_can_be_evaluated")
class ReprForReading(WordVectorizer):
    def __repr__(self):
        return f"words, alpha {self.alpha}"


@breaks("check_html_repr")
class ReprThatFails(WordVectorizer):
    def __repr__(self):
        return super().__repr__() + (self.names_ if hasattr(self, "words_") else "")


@breaks("check_docstring_lists_parameters")
class Undocumented(WordVectorizer):
    """Count words."""


# Parameters


@breaks("check_init_lists_parameters")
class TakesAnyParameter(WordVectorizer):
    def __init__(self, *, alpha=1.0, **more):
        super().__init__(alpha=alpha)


@breaks("check_init_only_stores")
class ComputesInInit(WordVectorizer):
    def __init__(self, *, alpha=1.0):
        super().__init__(alpha=alpha)
        self.half = alpha


@breaks("check_init_does_not_validate")
class ValidatesInInit(WordVectorizer):
    def __init__(self, *, alpha=1.0):
        if alpha <= 0:
            raise ValueError("alpha must be positive")
        super().__init__(alpha=alpha)


@breaks("check_get_params_set_params")
class SetParamsReturnsNothing(WordVectorizer):
    def set_params(self, **params):
        super().set_params(**params)


@breaks("check_set_params_takes_effect")
class SetParamsForgets(WordVectorizer):
    def set_params(self, **params):
        params.pop("alpha", None)
        return super().set_params(**params)


@breaks("check_set_params_refuses_unknown_names")
class SetParamsTakesAll(WordVectorizer):
    def set_params(self, **params):
        vars(self).update(params)
        return self


@breaks("check_fit_keeps_parameters")
class FitChangesParameters(WordVectorizer):
    def fit(self, X, y=None):
        self.alpha = self.alpha + 1
        return super().fit(X)


@breaks("check_constraints_name_all_parameters")
class MissesConstraint(WordVectorizer):
    _parameter_constraints = {"alpha": WordVectorizer._parameter_constraints["alpha"]}


@breaks("check_parameters_of_wrong_type", "check_parameters_of_wrong_value")
class ValidatesNothing(WordVectorizer):
    def fit(self, X, y=None):
        return WordVectorizer.fit.__wrapped__(self, X)


# Chance, the past and the process


@breaks(
    "check_random_state_instance",
    "check_fit_is_deterministic",
    "check_fit_forgets",
    "check_fit_is_idempotent",
    "check_pipeline",
    "check_pickle_before_fit",
    "check_column_transformer",
    "check_feature_union",
)
class AnotherInEachFit(WordVectorizer):
    def fit(self, X, y=None):
        self.factor_ = next(_COUNTER)
        return super().fit(X)

    def transform(self, X):
        return super().transform(X) * self.factor_


@breaks(
    "check_cross_val_predict",
    "check_cross_val_score",
    "check_grid_search",
    "check_search_in_two_threads",
)
class AnotherRegressorInEachFit(WordRegressor):
    def fit(self, X, y=None):
        super().fit(X, y)
        self.means_ = self.means_ * next(_COUNTER)
        return self


@breaks("check_fit_ignores_global_seeds", "check_fit_changes_nothing_global")
class DrawsInFit(WordVectorizer):
    def fit(self, X, y=None):
        self.noise_ = np.random.rand()  # noqa: NPY002
        return super().fit(X)

    def transform(self, X):
        return super().transform(X) + self.noise_


@breaks("check_methods_draw_no_numbers", "check_methods_change_nothing_global")
class DrawsInTransform(WordVectorizer):
    def transform(self, X):
        return super().transform(X) + np.random.rand()  # noqa: NPY002


@breaks("check_methods_change_nothing_global")
class ChangesWarnings(WordVectorizer):
    def transform(self, X):
        warnings.simplefilter("ignore", category=type(f"Warning{next(_COUNTER)}", (Warning,), {}))
        return super().transform(X)


@breaks("check_fit_is_idempotent", "check_fit_forgets")
class AddsUp(WordVectorizer):
    def fit(self, X, y=None):
        known = list(getattr(self, "words_", []))
        super().fit([*self._read(X), " ".join(f"{word}'" for word in known)])
        return self


@breaks("check_refused_fit_changes_nothing")
class ForgetsFirst(WordVectorizer):
    def fit(self, X, y=None):
        vars(self).pop("words_", None)
        return super().fit(X)


@breaks("check_fit_does_not_touch_copies", "check_deepcopy")
class SharesWords(WordVectorizer):
    shared = {}

    def fit(self, X, y=None):
        super().fit(X)
        self.shared.clear()
        self.shared.update(self.words_)
        return self

    def transform(self, X):
        return self._occurrences(self._read(X), self.shared)


@breaks("check_fit_leaves_data_alone")
class FitLowersInPlace(WordVectorizer):
    def fit(self, X, y=None):
        X[0] = X[0].upper()
        return super().fit(X)


@breaks("check_methods_leave_data_alone")
class TransformLowersInPlace(WordVectorizer):
    def transform(self, X):
        X[0] = X[0].upper()
        return super().transform(X)


@breaks("check_methods_leave_estimator_alone")
class KeepsTheResult(WordVectorizer):
    def transform(self, X):
        self.result_ = super().transform(X)
        return self.result_


@breaks("check_methods_remember_nothing")
class CountsCalls(WordVectorizer):
    def transform(self, X):
        return super().transform(X) + next(_COUNTER)


@breaks("check_nothing_is_printed")
class Prints(WordVectorizer):
    def fit(self, X, y=None):
        print("fitting")
        return super().fit(X)


@breaks("check_nothing_is_warned_of")
class Warns(WordVectorizer):
    def fit(self, X, y=None):
        warnings.warn("fitting", stacklevel=2)
        return super().fit(X)


@breaks("check_n_jobs")
class DependsOnThreads(WordVectorizer):
    def transform(self, X):
        return super().transform(X) * (self.n_jobs or 1)


@breaks("check_pickle", "check_pickle_twice", "check_joblib", "check_joblib_memory_map")
class PicklesNoWords(WordVectorizer):
    def __getstate__(self):
        state = super().__getstate__()
        return {name: value for name, value in state.items() if name != "words_"}


# Companions


@breaks("check_methods_give_a_row_a_document")
class DropsTheLast(WordVectorizer):
    def transform(self, X):
        return super().transform(X)[:-1]


@breaks("check_methods_subset_invariance", "check_unknown_words")
class Centres(WordVectorizer):
    def transform(self, X):
        table = super().transform(X)
        return table - table.mean(axis=0)


@breaks("check_methods_order_invariance", "check_methods_treat_equal_documents_alike")
class SumsUp(WordVectorizer):
    def transform(self, X):
        return super().transform(X).cumsum(axis=0)


@breaks("check_methods_ignore_long_companions")
class DividesByTheLongest(WordVectorizer):
    def transform(self, X):
        longest = max(len(document) for document in self._read(X))
        return super().transform(X) / longest


# Containers and documents


def break_by(check, is_refused):
    """Register an estimator that refuses some containers, or documents."""

    class Refusing(WordVectorizer):
        def _read(self, X):
            if is_refused(X):
                raise KeyError("no such thing")
            return super()._read(X)

    breaks(check)(Refusing)


def has_document(is_refused):
    return lambda X: any(isinstance(d, str) and is_refused(d) for d in X)


def is_array(X):
    return isinstance(X, np.ndarray)


def is_series(X):
    return type(X).__module__.startswith("pandas")


break_by("check_tuple", lambda X: isinstance(X, tuple))
break_by("check_object_array", lambda X: is_array(X) and X.dtype == object)
break_by("check_string_array", lambda X: is_array(X) and X.dtype.kind == "U")
break_by("check_read_only_array", lambda X: is_array(X) and not X.flags.writeable)
break_by("check_strided_array", lambda X: is_array(X) and not X.flags.contiguous)
break_by("check_memory_map", lambda X: isinstance(X, np.memmap))
break_by("check_pandas_series", lambda X: is_series(X) and X.dtype == object)
break_by("check_pandas_string_series", lambda X: is_series(X) and "str" in str(X.dtype))
break_by("check_data_frame_column", lambda X: is_series(X) and X.name == "text")
break_by("check_polars_series", lambda X: type(X).__module__.startswith("polars"))
break_by("check_generator", lambda X: not hasattr(X, "__len__"))
break_by("check_empty_documents", has_document(lambda document: document == ""))
break_by("check_white_space", has_document(str.isspace))
break_by("check_long_documents", has_document(lambda document: len(document) > 9000))
break_by("check_short_documents", has_document(lambda document: len(document) == 1))
break_by("check_unicode", has_document(lambda document: "\U0001f600" in document))
break_by("check_control_characters", has_document(lambda document: "\x00" in document))
break_by("check_lone_surrogates", has_document(lambda document: "\udfff" in document))
break_by("check_str_subclasses", lambda X: isinstance(X, list) and type(X[0]) is np.str_)


@breaks("check_pandas_index")
class SortsByIndex(WordVectorizer):
    def fit(self, X, y=None):
        self.first_ = X[0]
        return super().fit(X)

    def transform(self, X):
        return super().transform(X) * len(self.first_)


@breaks("check_generator")
class LosesTheFirst(WordVectorizer):
    def _read(self, X):
        return super()._read(X if hasattr(X, "__len__") else list(X)[1:])


@breaks("check_empty_documents", "check_white_space", "check_unknown_words")
class DividesByWords(WordVectorizer):
    def transform(self, X):
        table = super().transform(X)
        with np.errstate(invalid="ignore"):
            return table / table.sum(axis=1, keepdims=True)


@breaks("check_case_of_equal_documents")
class Standardizes(WordVectorizer):
    def fit(self, X, y=None):
        super().fit(X)
        self.scale_ = super().transform(X).std(axis=0)
        return self

    def transform(self, X):
        with np.errstate(divide="ignore"):
            return super().transform(X) / self.scale_


# What is no collection of documents


@breaks("check_single_string")
class ReadsLetters(WordVectorizer):
    def _read(self, X):
        return list(X) if isinstance(X, str) else super()._read(X)


@breaks("check_none_document", "check_nan_document", "check_number_document", "check_list_document")
class ReadsAnything(WordVectorizer):
    def _read(self, X):
        if isinstance(X, list):
            X = [d if isinstance(d, (str, bytes)) else str(d) for d in X]
        return super()._read(X)


@breaks("check_two_columns")
class TakesTheFirstColumn(WordVectorizer):
    def _read(self, X):
        return super()._read(X[:, 0] if getattr(X, "ndim", 1) > 1 else X)


@breaks("check_nothing")
class ReadsNothing(WordVectorizer):
    def _read(self, X):
        return [""] if X is None else super()._read(X)


@breaks("check_no_documents_in_fit")
class LearnsFromNothing(WordVectorizer):
    def _read(self, X):
        return super()._read(X) if len(X) else []


@breaks("check_no_documents_in_methods")
class StumblesOverNothing(WordVectorizer):
    def _read(self, X):
        return super()._read(X) if len(X) else X[0]


@breaks("check_bytes")
class ReadsBytesAsText(WordVectorizer):
    def _read(self, X):
        return super()._read([str(d) for d in X] if isinstance(X, list) else X)


@breaks("check_undecodable_bytes")
class IgnoresWrongBytes(WordVectorizer):
    def _read(self, X):
        if isinstance(X, list):
            X = [d.decode(errors="ignore") if isinstance(d, bytes) else d for d in X]
        return super()._read(X)


# Targets


@breaks("check_no_target")
class NeedsNoNumbers(WordRegressor):
    def fit(self, X, y=None):
        return super().fit(X, np.zeros(len(X)) if y is None else y)


@breaks("check_target_of_other_length")
class ResizesTarget(WordRegressor):
    def fit(self, X, y=None):
        return super().fit(X, y if y is None else np.resize(y, len(X)))


@breaks("check_target_of_two_columns")
class TakesTheFirstTarget(WordRegressor):
    def fit(self, X, y=None):
        return super().fit(X, y[:, 0] if np.ndim(y) > 1 else y)


@breaks("check_target_of_one_column")
class TurnsColumnOver(WordRegressor):
    def fit(self, X, y=None):
        return super().fit(X, y[::-1].ravel() if np.ndim(y) > 1 else y)


@breaks("check_sparse_target")
class TakesSparseTarget(WordRegressor):
    def fit(self, X, y=None):
        return super().fit(X, y.toarray().ravel() if hasattr(y, "toarray") else y)


@breaks("check_complex_target")
class TakesRealPart(WordRegressor):
    def fit(self, X, y=None):
        return super().fit(X, y.real if np.iscomplexobj(y) else y)


@breaks("check_missing_target")
class FillsTarget(WordRegressor):
    def fit(self, X, y=None):
        return super().fit(X, y if y is None else np.nan_to_num(np.asarray(y, dtype=float)))


@breaks("check_target_containers")
class AlignsTarget(WordRegressor):
    def fit(self, X, y=None):
        return super().fit(X, y.sort_index() if hasattr(y, "sort_index") else y)


@breaks("check_read_only_target")
class WritesTarget(WordRegressor):
    def fit(self, X, y=None):
        y[:] = y
        return super().fit(X, y)


# Classifiers


class Relabels(WordClassifier):
    def fit(self, X, y=None, sample_weight=None):
        super().fit(X, y, sample_weight)
        self.classes_ = self.relabel(self.classes_)
        return self


@breaks("check_string_labels")
class CutsLabels(Relabels):
    def relabel(self, classes):
        return classes.astype("U3")


@breaks("check_object_labels", "check_bool_labels")
class StringsOfLabels(Relabels):
    def relabel(self, classes):
        return classes if classes.dtype.kind == "U" else np.array([f"{c}!" for c in classes])


@breaks("check_integer_labels", "check_negative_labels")
class CountsLabels(Relabels):
    def relabel(self, classes):
        return np.arange(len(classes))


@breaks("check_float_labels")
class IntegersOfLabels(WordClassifier):
    def predict(self, X):
        predicted = super().predict(X)
        return predicted.astype(int) if predicted.dtype.kind == "f" else predicted


@breaks("check_classes_are_sorted")
class ReversesClasses(Relabels):
    def relabel(self, classes):
        return classes[::-1]


@breaks("check_continuous_target_of_classifier")
class TakesFractions(WordClassifier):
    def _check_target(self, y):
        return np.asarray(y)


@breaks("check_single_class")
class DoesNotSayWhy(WordClassifier):
    def fit(self, X, y=None, sample_weight=None):
        if len(set(y)) == 1:
            raise ValueError("This does not work.")
        return super().fit(X, y, sample_weight)


@breaks("check_probabilities_sum_to_one")
class Sigmoids(WordClassifier):
    def predict_proba(self, X):
        return 1 / (1 + np.exp(-self._scores(X)))


@breaks("check_predict_is_most_probable", "check_classifier_learns")
class PredictsTheLeastProbable(WordClassifier):
    def predict(self, X):
        return self.classes_[self._scores(X).argmin(axis=1)]


@breaks("check_log_probabilities")
class UnscaledLogarithm(WordClassifier):
    def predict_log_proba(self, X):
        return self._scores(X)


@breaks("check_decision_function_of_two_classes")
class TwoColumnsOfScores(WordClassifier):
    def decision_function(self, X):
        return self._scores(X)


@breaks("check_decision_function_of_many_classes")
class NegativeScores(WordClassifier):
    def decision_function(self, X):
        return -super().decision_function(X)


@breaks("check_decision_function_orders_as_probabilities")
class InverseScores(WordClassifier):
    def decision_function(self, X):
        return 1 / super().decision_function(X)


@breaks("check_classifier_score")
class PraisesItself(WordClassifier):
    def score(self, X, y, sample_weight=None):
        return 0.999


@breaks("check_class_names_do_not_matter")
class ReadsClassNames(WordClassifier):
    def fit(self, X, y=None, sample_weight=None):
        super().fit(X, y, sample_weight)
        self.class_scores_ = self.class_scores_ + [len(str(label)) for label in self.classes_]
        return self


@breaks("check_class_weight_is_a_weight_of_samples", "check_balanced_class_weight")
class MistakesClassWeights(WordClassifier):
    def _weigh_classes(self, y):
        return super()._weigh_classes(y) ** (2 if isinstance(self.class_weight, dict) else 1)


# Weights


class ChangesWeights(WordClassifier):
    def fit(self, X, y=None, sample_weight=None):
        return super().fit(X, y, self.change(sample_weight, len(X)))


@breaks("check_weights_of_one")
class DoublesWeights(ChangesWeights):
    def change(self, weights, n):
        return weights if weights is None else 2 * np.asarray(weights)


@breaks("check_weights_of_none")
class MistakesNone(WordClassifier):
    def fit(self, X, y=None, sample_weight=1):
        return super().fit(X, y, 0 if sample_weight is None else sample_weight)


@breaks("check_weight_containers")
class NormalizesInPlace(ChangesWeights):
    def change(self, weights, n):
        if isinstance(weights, np.ndarray) and weights.dtype.kind == "f":
            weights /= weights.sum()
        return weights


@breaks("check_weights_of_other_shape")
class ResizesWeights(ChangesWeights):
    def change(self, weights, n):
        return weights if weights is None else np.resize(weights, n)


@breaks("check_weights_that_are_missing")
class FillsWeights(ChangesWeights):
    def change(self, weights, n):
        return weights if weights is None else np.nan_to_num(weights)


@breaks("check_negative_weights")
class TakesNegativeWeights(ChangesWeights):
    def change(self, weights, n):
        return weights if weights is None else np.abs(weights)


@breaks("check_weights_of_zero")
class LearnsFromNoWeights(ChangesWeights):
    def change(self, weights, n):
        return weights if weights is None or np.any(weights) else np.ones(n)


@breaks("check_zero_weight_takes_labels_out")
class SmoothsWeights(ChangesWeights):
    def change(self, weights, n):
        return weights if weights is None else np.asarray(weights) + 0.1


@breaks("check_predictions_follow_weights")
class IgnoresWeights(ChangesWeights):
    def change(self, weights, n):
        return None


@breaks("check_weights_are_routed")
class CannotRequestWeights(WordClassifier):
    pass


# Set afterwards: scikit-learn 1.8 puts its own method over one that the class defines.
CannotRequestWeights.set_fit_request = lambda self, **requests: self


# Regressors, clusterers, transformers


@breaks("check_regressor_predicts_floats")
class PredictsIntegers(WordRegressor):
    def predict(self, X):
        return super().predict(X).round().astype(int)


@breaks("check_regressor_takes_integers")
class HalvesIntegers(WordRegressor):
    def fit(self, X, y=None):
        return super().fit(X, y // 2 if np.asarray(y).dtype.kind == "i" else y)


@breaks("check_regressor_has_no_classes")
class HasProbabilities(WordRegressor):
    def predict_proba(self, X):
        return super().predict(X)[:, None]


@breaks("check_regressor_score")
class ScoresByError(WordRegressor):
    def score(self, X, y, sample_weight=None):
        return np.abs(column_or_1d(y) - self.predict(X)).mean()


@breaks("check_clusterer_labels")
class FloatLabels(WordClusterer):
    def fit(self, X, y=None):
        super().fit(X)
        self.labels_ = self.labels_ / 2
        return self


@breaks("check_fit_predict")
class AnotherFitPredict(WordClusterer):
    def fit_predict(self, X, y=None):
        return self.fit(X).labels_ + 1


@breaks("check_clusterer_predict")
class PredictsOtherLabels(WordClusterer):
    def predict(self, X):
        return super().predict(X) + 1


@breaks("check_transform_is_a_table")
class TransformsToText(WordVectorizer):
    def transform(self, X):
        return super().transform(X).astype(str)


@breaks("check_fit_transform")
class AnotherFitTransform(WordVectorizer):
    def fit_transform(self, X, y=None):
        return self.fit(X).transform(X) + 1


@breaks("check_fit_transform_fits")
class FitTransformOfACopy(WordVectorizer):
    def fit_transform(self, X, y=None):
        return copy.deepcopy(self).fit(X).transform(X)


@breaks("check_transformer_ignores_target")
class SelectsByTarget(WordVectorizer):
    def fit(self, X, y=None):
        return super().fit(X if y is None else X[:3])


@breaks("check_feature_names")
class NamesTooFew(WordVectorizer):
    def get_feature_names_out(self, input_features=None):
        return super().get_feature_names_out()[1:]


@breaks("check_set_output_pandas", "check_set_output_polars")
class IgnoresSetOutput(WordVectorizer):
    def set_output(self, *, transform=None):
        return self
