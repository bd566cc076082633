"""The docstrings of all that is public follow numpydoc and say what the code does."""

import ast
import importlib
import inspect
import re
from itertools import combinations
from math import inf

import pytest
from numpydoc.docscrape import get_doc_object
from numpydoc.validate import validate

from sklearn_rnn import RNNTextClassifier, RNNTextEncoder, RNNTextRegressor
from sklearn_rnn._sklearn_compat import StrOptions

MODULES = [
    "sklearn_rnn",
    "sklearn_rnn.datasets",
    "sklearn_rnn.exceptions",
    "sklearn_rnn.inspection",
    "sklearn_rnn.metrics",
    "sklearn_rnn.modules",
    "sklearn_rnn.utils",
    "sklearn_rnn.utils.estimator_checks",
]

# What numpydoc would like and we do not ask for: text beside the delimiters (GL01, GL02, GL03),
# extended summaries (ES01), See Also (SA01) and Examples (EX01) everywhere, a period after each
# short description (PR09, RT05), returned values without a name (RT02).
IGNORED = {"GL01", "GL02", "GL03", "ES01", "SA01", "SA04", "EX01", "PR09", "RT02", "RT05"}


def is_method(member):
    return inspect.isfunction(member) or inspect.ismethod(member)


def public_objects():
    for module_name in MODULES:
        module = importlib.import_module(module_name)
        for name in module.__all__:
            yield f"{module_name}.{name}"
            object_ = getattr(module, name)
            if inspect.isclass(object_):
                for method, function in inspect.getmembers(object_, is_method):
                    is_ours = function.__module__.startswith("sklearn_rnn")
                    if is_ours and not method.startswith("_"):
                        yield f"{module_name}.{name}.{method}"


def get_object(name):
    """Return what is documented by a name such as "sklearn_rnn.inspection.Trace.get"."""
    module = max((m for m in MODULES if name.startswith(f"{m}.")), key=len)
    object_ = importlib.import_module(module)
    for part in name.removeprefix(f"{module}.").split("."):
        object_ = getattr(object_, part)
    return object_


def section(object_, title):
    """Return type and description of each entry of a section, by name."""
    return {
        name: (entry.type, " ".join(entry.desc).strip())
        for entry in get_doc_object(object_)[title]
        for name in entry.name.split(", ")
    }


def signature_of(object_):
    """Return the parameters that have to be documented, by name."""
    parameters = inspect.signature(object_).parameters
    return {name: each for name, each in parameters.items() if name not in ("self", "cls")}


# All that is public and takes parameters, with the sections of those of its class or function.
DOCUMENTED = [
    name
    for name in public_objects()
    if callable(get_object(name))
    and section(get_object(name), "Parameters")
    # Warnings and errors take what all of them take.
    and not name.startswith("sklearn_rnn.exceptions")
]
every_documented = pytest.mark.parametrize("name", DOCUMENTED)


def is_ignored(name, code):
    # Short methods of torch modules tell the
    # shapes in their summary or in the type.
    if code in IGNORED:
        return True
    is_torch_method = name.startswith("sklearn_rnn.modules.") and name.count(".") > 2
    return is_torch_method and code in {"PR01", "RT01", "RT03"}


@pytest.mark.parametrize("name", list(public_objects()))
def test_docstring_is_numpydoc(name):
    errors = validate(name)["errors"]
    assert [(code, text) for code, text in errors if not is_ignored(name, code)] == []


@every_documented
def test_parameters_stand_in_the_order_of_the_signature(name):
    object_ = get_object(name)
    given = signature_of(object_)
    documented = [name.lstrip("*") for name in section(object_, "Parameters")]
    assert documented == list(given)


@every_documented
def test_documented_defaults_are_those_of_the_signature(name):
    object_ = get_object(name)
    given = signature_of(object_)
    for parameter, (type_, _) in section(object_, "Parameters").items():
        if parameter.startswith("*"):
            continue
        default = given[parameter].default
        _, is_documented, documented = type_.partition("default=")
        # scikit-learn writes "y : None" of what is there for its conventions alone.
        is_documented = is_documented or type_ == "None"
        assert bool(is_documented) == (default is not inspect.Parameter.empty), parameter
        if documented:
            value = inf if documented == "inf" else ast.literal_eval(documented)
            assert (value, type(value)) == (default, type(default)), parameter


# Parameters whose options are not all in the docstring, and why.
OPTIONS_ELSEWHERE = {
    "cell": "the user guide lists them, so that a new cell changes no docstring",
    "scoring": "they are scikit-learn's",
}


def constraints_of(object_):
    """Return the constraints of parameters as scikit-learn takes them, by name."""
    for attribute in ("_parameter_constraints", "_skl_parameter_constraints"):
        if hasattr(object_, attribute):
            return getattr(object_, attribute)
    return {}


@pytest.mark.parametrize("name", [n for n in DOCUMENTED if constraints_of(get_object(n))])
def test_documented_options_are_those_accepted(name):
    object_ = get_object(name)
    documented = section(object_, "Parameters")
    for parameter, constraints in constraints_of(object_).items():
        if parameter in OPTIONS_ELSEWHERE or parameter not in documented or constraints is None:
            continue
        accepted = {
            option
            for constraint in constraints
            if isinstance(constraint, StrOptions)
            for option in constraint.options
        }
        if accepted:
            type_ = documented[parameter][0].partition("default=")[0]
            assert set(re.findall(r'"([^"]*)"', type_)) == accepted, parameter


def test_exceptions_are_needed():
    constraints = RNNTextClassifier._parameter_constraints
    for parameter in OPTIONS_ELSEWHERE:
        assert any(isinstance(constraint, StrOptions) for constraint in constraints[parameter])


ESTIMATORS = (RNNTextClassifier, RNNTextRegressor, RNNTextEncoder)

# What the three estimators say in other words, and why.
WORDS_DIFFER = {
    "Parameters": {
        "class_weight": "numbers have no classes",
        "label_smoothing": "numbers have no classes",
        "loss": "an encoder chooses between labels and numbers",
        "scoring": "examples and the default fit what is predicted",
        "validation_fraction": "only classes can be stratified",
        "warm_start": "what goes on beside the vocabulary",
    },
    "Attributes": {
        "classes_": "an encoder may have been fitted on numbers",
        "multilabel_": "an encoder may have been fitted on numbers",
        "out_activation_": "an encoder has one loss of numbers",
        "y_offset_": "an encoder has one loss of numbers",
        "y_scale_": "an encoder has one loss of numbers",
    },
}
METHOD_WORDS_DIFFER = {
    "fit": {"y", "y_val"},
    "partial_fit": {"y", "classes"},
}


@pytest.mark.parametrize("title", WORDS_DIFFER)
def test_estimators_describe_the_same_in_the_same_words(title):
    differ = set()
    for one, other in combinations([section(class_, title) for class_ in ESTIMATORS], 2):
        differ |= {name for name in one.keys() & other.keys() if one[name] != other[name]}
    assert differ == WORDS_DIFFER[title].keys()


@pytest.mark.parametrize("method", METHOD_WORDS_DIFFER)
def test_methods_describe_the_same_in_the_same_words(method):
    sections = [section(getattr(class_, method), "Parameters") for class_ in ESTIMATORS]
    differ = set()
    for one, other in combinations(sections, 2):
        differ |= {name for name in one.keys() & other.keys() if one[name] != other[name]}
    assert differ == METHOD_WORDS_DIFFER[method]


def test_estimators_share_their_notes():
    classifier, regressor, encoder = (
        set(re.split(r"(?<=[.:;])\s+", " ".join(get_doc_object(class_)["Notes"])))
        for class_ in ESTIMATORS
    )
    assert classifier == regressor
    # An encoder counts no words, since it has no wide path.
    (only_in_others,) = classifier - encoder
    assert "counts of words" in only_in_others
