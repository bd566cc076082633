import os
import subprocess
import sys

import pytest

from sklearn_rnn import RNNTextClassifier, RNNTextEncoder, RNNTextRegressor, SequenceVectorizer
from sklearn_rnn._sklearn_compat import InvalidParameterError, StrOptions

ESTIMATORS = [RNNTextClassifier, RNNTextEncoder, RNNTextRegressor, SequenceVectorizer]

SCRIPT = """
from sklearn_rnn import RNNTextClassifier
from sklearn_rnn.datasets import load_drug_reviews
from sklearn_rnn.inspection import trace

for refused in (
    lambda: RNNTextClassifier(cell="elman").fit(["a", "b"], [0, 1]),
    lambda: trace(RNNTextClassifier(), "a", n_readings="all"),
    lambda: load_drug_reviews(subset="half"),
):
    try:
        refused()
    except ValueError as error:
        print(error)
"""


def test_options_are_sorted():
    options = {f"option{number}" for number in range(9)}
    listed = ", ".join(map(repr, sorted(options)))
    assert str(StrOptions(options)) == f"a str among {{{listed}}}"


def test_options_are_checked_as_before():
    constraint = StrOptions({"tanh", "relu"}, deprecated={"relu"})
    assert constraint.is_satisfied_by("tanh")
    assert not constraint.is_satisfied_by("sigmoid")
    assert not constraint.is_satisfied_by(0)
    assert str(constraint) == "a str among {'relu' (deprecated), 'tanh'}"
    with pytest.raises(ValueError, match="must be a subset"):
        StrOptions({"tanh"}, deprecated={"relu"})


@pytest.mark.parametrize("Estimator", ESTIMATORS)
def test_every_message_of_an_estimator_lists_options_in_order(Estimator):
    seen = 0
    for name, constraints in Estimator._parameter_constraints.items():
        for constraint in constraints:
            if hasattr(constraint, "options"):
                assert type(constraint) is StrOptions, name
                assert list(constraint.options) == sorted(constraint.options)
                seen += 1
    assert seen >= 4


def test_message_of_an_estimator():
    with pytest.raises(InvalidParameterError, match=r"among {'relu', 'sigmoid', 'tanh'}\. Got"):
        RNNTextClassifier(activation="linear").fit(["a", "b"], [0, 1])


def test_messages_do_not_depend_on_the_seed_of_hashes():
    messages = set()
    for seed in ("0", "1"):
        process = subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=300,
        )
        messages.add(process.stdout)
    assert len(messages) == 1
    assert messages.pop().count("must be") == 3
