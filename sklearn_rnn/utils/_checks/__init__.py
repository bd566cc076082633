"""The checks of estimators of text: one property per function, grouped by topic."""

from sklearn_rnn.utils._checks import (
    api,
    classifiers,
    containers,
    documents,
    groups,
    invariance,
    parameters,
    refusals,
    saving,
    side_effects,
    targets,
    tools,
    transformers,
    weights,
)
from sklearn_rnn.utils._checks._registry import checks_for

__all__ = [
    "api",
    "checks_for",
    "classifiers",
    "containers",
    "documents",
    "groups",
    "invariance",
    "parameters",
    "refusals",
    "saving",
    "side_effects",
    "targets",
    "tools",
    "transformers",
    "weights",
]
