"""Private names of scikit-learn, imported here and nowhere else.

Every name below exists from scikit-learn 1.8, the oldest version supported, to 1.9. When a release
moves one of them, this file is the only one to change.
"""

from functools import wraps
from inspect import currentframe

from sklearn import config_context
from sklearn.base import _clone_parametrized, _fit_context
from sklearn.utils import _safe_indexing
from sklearn.utils._optional_dependencies import check_matplotlib_support
from sklearn.utils._param_validation import (
    HasMethods,
    Hidden,
    Interval,
    InvalidParameterError,
    MissingValues,
    Options,
    RealNotInt,
    generate_invalid_param_val,
    make_constraint,
    validate_parameter_constraints,
    validate_params,
)
from sklearn.utils._param_validation import StrOptions as _StrOptions
from sklearn.utils._repr_html.estimator import _VisualBlock
from sklearn.utils.validation import _check_sample_weight, validate_data

__all__ = [
    "HasMethods",
    "Hidden",
    "Interval",
    "InvalidParameterError",
    "MissingValues",
    "Options",
    "RealNotInt",
    "SparseOutputMixin",
    "StrOptions",
    "_VisualBlock",
    "_check_sample_weight",
    "_clone_parametrized",
    "_fit_context",
    "_safe_indexing",
    "check_matplotlib_support",
    "generate_invalid_param_val",
    "is_drawing_diagram",
    "make_constraint",
    "validate_data",
    "validate_parameter_constraints",
    "validate_params",
]


class StrOptions(_StrOptions):
    """A set of strings that messages list in alphabetical order.

    scikit-learn lists them in the order of the set, which changes between Python processes.

    Parameters
    ----------
    options : set of str
        The strings that are valid.
    deprecated : set of str or None, default=None
        Those of them that the message marks as deprecated.

    Examples
    --------
    >>> from sklearn_rnn._sklearn_compat import StrOptions
    >>> print(StrOptions({"last", "mean", "concat"}))
    a str among {'concat', 'last', 'mean'}
    """

    def __init__(self, options, *, deprecated=None):
        super().__init__(options, deprecated=deprecated)
        self.options = dict.fromkeys(sorted(options))


class SparseOutputMixin:
    """A transformer with `sparse_output`, whose sparse output no global setting turns into frames.

    `sklearn.set_config(transform_output="pandas")` is for tables. It leaves `CountVectorizer`
    alone, but makes any transformer with `set_output` that returns a sparse matrix raise an error.
    `set_output` of the transformer itself still works. List it before `TransformerMixin`.
    """

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)  # where scikit-learn wraps what the class defines
        for name in ("transform", "fit_transform"):
            if name in vars(cls):
                setattr(cls, name, _without_frames(vars(cls)[name]))


def _without_frames(method):
    @wraps(method)
    def wrapped(self, X, *args, **kwargs):
        if not self.sparse_output:
            return method(self, X, *args, **kwargs)
        with config_context(transform_output="default"):
            return method(self, X, *args, **kwargs)

    return wrapped


def is_drawing_diagram():
    """Tell whether scikit-learn's diagram of an estimator is asking, further up the stack.

    From 1.9 on, diagrams count the names of a transformer's columns as its features, and only an
    error in `get_feature_names_out` prevents that.
    """
    frame = currentframe()
    while frame is not None and frame.f_globals.get("__name__") != _VisualBlock.__module__:
        frame = frame.f_back
    return frame is not None
