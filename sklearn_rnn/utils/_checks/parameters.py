"""What happens to the parameters of `__init__`."""

import inspect
from unittest import SkipTest

import numpy as np
from sklearn.base import clone

from sklearn_rnn._sklearn_compat import (
    InvalidParameterError,
    generate_invalid_param_val,
    make_constraint,
)
from sklearn_rnn.utils._checks._corpus import make_documents, make_target
from sklearn_rnn.utils._checks._fitting import assert_refused, assert_same, make, outputs
from sklearn_rnn.utils._checks._registry import has_param, text_check


class _WrongType:
    """An instance of a type that no parameter accepts."""


def arguments_of(estimator):
    """Return the arguments of `__init__` as `inspect` describes them."""
    if type(estimator).__init__ is object.__init__:
        return []
    signature = inspect.signature(type(estimator).__init__)
    return [argument for name, argument in signature.parameters.items() if name != "self"]


def constraints_of(estimator):
    constraints = getattr(estimator, "_parameter_constraints", None)
    if not constraints:
        raise SkipTest(f"{type(estimator).__name__} has no _parameter_constraints.")
    return constraints


@text_check()
def check_init_lists_parameters(name, estimator):
    """`__init__` names every parameter: a wrong name fails at once."""
    for argument in arguments_of(estimator):
        assert argument.kind not in (argument.VAR_POSITIONAL, argument.VAR_KEYWORD), (
            f"{name}.__init__ must list its parameters, without {argument}."
        )


@text_check()
def check_init_only_stores(name, estimator):
    """`__init__` sets every parameter to the very object that was given, and nothing else."""
    params = estimator.get_params(deep=False)
    new = type(estimator)(**params)
    for key, value in params.items():
        assert getattr(new, key) is value, f"{name}.__init__ must store {key} as it is given."
    more = {key for key in vars(new) if not key.startswith("_")} - set(params)
    assert not more, f"{name}.__init__ must set nothing but its parameters. Got {sorted(more)}."


@text_check()
def check_init_does_not_validate(name, estimator):
    """`fit` finds wrong values, because searches set parameters one after the other."""
    for argument in arguments_of(estimator):
        if argument.default is argument.empty:
            continue
        wrong = _WrongType()
        try:
            new = type(estimator)(**{**estimator.get_params(deep=False), argument.name: wrong})
        except Exception as exc:
            raise AssertionError(f"{name}.__init__ must not check {argument.name}.") from exc
        assert getattr(new, argument.name) is wrong


@text_check()
def check_get_params_set_params(name, estimator):
    """`set_params` of what `get_params` returned changes nothing, and returns self."""
    estimator = make(estimator)
    before = estimator.get_params(deep=True)
    assert estimator.set_params(**before) is estimator, f"{name}.set_params must return self."
    after = estimator.get_params(deep=True)
    assert list(before) == list(after), f"set_params changed which parameters {name} has."
    for key, value in before.items():
        # A pipeline makes its list of steps anew.
        same = after[key] is value or isinstance(value, list)
        assert same, f"set_params changed {key} of {name}."


@text_check()
def check_set_params_takes_effect(name, estimator):
    """What `set_params` sets, `get_params` returns."""
    for key in estimator.get_params(deep=False):
        changed, value = make(estimator), _WrongType()
        try:
            changed.set_params(**{key: value})
        except (AttributeError, TypeError):
            if not hasattr(estimator.get_params(deep=False)[key], "__iter__"):
                raise
            continue  # lists of steps are looked at when they are set
        assert getattr(changed, key) is value, f"set_params of {name} does not set {key}."


@text_check()
def check_set_params_refuses_unknown_names(name, estimator):
    """A name that is not a parameter is refused, and the message names it."""
    assert_refused(
        make(estimator).set_params,
        no_such_parameter=1,
        what=f"an unknown parameter of {name}.set_params",
        errors=(ValueError, TypeError),
        words=("no_such_parameter",),
    )


@text_check()
def check_clone_keeps_parameters(name, estimator):
    """A clone has equal parameters, and none of the objects that could change."""
    estimator = make(estimator)
    copy = clone(estimator)
    assert copy is not estimator and type(copy) is type(estimator)
    assert repr(copy) == repr(estimator), f"A clone of {name} must have the same parameters."


@text_check()
def check_fit_keeps_parameters(name, estimator):
    """`fit` changes none of the parameters, nor anything inside them."""
    estimator = make(estimator)
    before, shown = estimator.get_params(deep=True), repr(estimator.get_params(deep=True))
    estimator.fit(make_documents(), make_target(estimator))
    after = estimator.get_params(deep=True)
    for key, value in before.items():
        # A pipeline puts the fitted clones into its list of steps.
        if not hasattr(value, "fit") and not isinstance(value, list):
            assert after[key] is value, f"{name}.fit must not change the parameter {key}."
    assert repr(after) == shown, f"{name}.fit must not change its parameters."


@text_check()
def check_constraints_name_all_parameters(name, estimator):
    """There are constraints for every parameter, and for nothing else."""
    constraints, params = constraints_of(estimator), set(estimator.get_params(deep=False))
    assert set(constraints) == params, (
        f"_parameter_constraints of {name} must name its parameters. "
        f"Differs: {sorted(set(constraints) ^ params)}."
    )


@text_check()
def check_parameters_of_wrong_type(name, estimator):
    """`fit` refuses every parameter of a wrong type, and names it."""
    for key, constraints in constraints_of(estimator).items():
        if constraints != "no_validation":
            _check_value_is_refused(name, estimator, key, _WrongType())


@text_check()
def check_parameters_of_wrong_value(name, estimator):
    """`fit` refuses numbers out of range and unknown names, and names the parameter."""
    for key, constraints in constraints_of(estimator).items():
        if constraints == "no_validation":
            continue
        made = [make_constraint(constraint) for constraint in constraints]
        for constraint in made:
            try:
                value = generate_invalid_param_val(constraint)
            except NotImplementedError:
                continue
            if not any(other.is_satisfied_by(value) for other in made):
                _check_value_is_refused(name, estimator, key, value)


def _check_value_is_refused(name, estimator, key, value):
    y = make_target(estimator)
    estimator = make(estimator)
    setattr(estimator, key, value)
    assert_refused(
        estimator.fit,
        make_documents(),
        y,
        what=f"{key}={value!r} of {name}",
        errors=(InvalidParameterError,),
        words=(key.lower(),),
    )


@text_check(has_param("random_state"))
def check_random_state_instance(name, estimator):
    """A RandomState is accepted, and two with the same seed give the same."""
    X, y = make_documents(), make_target(estimator)
    for state in (np.random.RandomState(0), None):
        make(estimator, random_state=state).fit(X, y)
    first, second = (make(estimator, random_state=np.random.RandomState(5)) for _ in range(2))
    assert_same(
        outputs(first.fit(X, y), X),
        outputs(second.fit(X, y), X),
        "which of two equal random states it was fitted with",
        exact=True,
    )
