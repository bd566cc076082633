"""The docstrings of all that is public follow numpydoc."""

import importlib
import inspect

import pytest
from numpydoc.validate import validate

MODULES = [
    "sklearn_rnn",
    "sklearn_rnn.datasets",
    "sklearn_rnn.exceptions",
    "sklearn_rnn.inspection",
    "sklearn_rnn.modules",
    "sklearn_rnn.utils.estimator_checks",
]

# What numpydoc would like and we do not ask for: text beside the delimiters (GL01, GL02, GL03),
# extended summaries (ES01), See Also (SA01) and Examples (EX01) everywhere, a period after each
# short description (PR09, RT05), returned values without a name (RT02).
IGNORED = {"GL01", "GL02", "GL03", "ES01", "SA01", "SA04", "EX01", "PR09", "RT02", "RT05"}


def public_objects():
    for module_name in MODULES:
        module = importlib.import_module(module_name)
        for name in module.__all__:
            yield f"{module_name}.{name}"
            object_ = getattr(module, name)
            if inspect.isclass(object_):
                for method, function in inspect.getmembers(object_, inspect.isfunction):
                    is_ours = function.__module__.startswith("sklearn_rnn")
                    if is_ours and not method.startswith("_"):
                        yield f"{module_name}.{name}.{method}"


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
