"""What all targets have in common: what a network learns to give, made from `y`.

A target is made from the `y` of a first training, or from that of a later one and what the first
one left `known`.
"""

from __future__ import annotations

from typing import Any

# What targets learn of `y`, as attributes of the estimator.
_LEARNED = ("classes_", "multilabel_", "y_offset_", "y_scale_", "out_activation_")


def known_of_target(estimator: Any) -> dict:
    """Return what an estimator has learned of `y`, as `learned` of its target was."""
    return {name: value for name, value in vars(estimator).items() if name in _LEARNED}


def check_given(y: Any, estimator: Any) -> None:
    """Refuse a `y` that is missing."""
    if y is None:
        raise ValueError(
            f"This {type(estimator).__name__} estimator requires y to be passed, but the target y "
            "is None."
        )
