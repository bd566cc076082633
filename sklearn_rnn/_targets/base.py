"""Target: what a network learns to predict, made from `y`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from scipy.sparse import csr_array


class Target(ABC):
    """One kind of `y`: how it is read, encoded, weighted, learned, and kept in a file.

    A target is made from the `y` of a first training, or from that of a later one and what is
    `known` from the first.

    Attributes
    ----------
    learned_constraints : dict
        What is learned of `y`, by the names of the estimator's attributes and in the form of
        `_parameter_constraints`.
    learned : dict
        The values of these attributes.
    n_outputs : int
        Columns of the network's output.
    criterion : dict
        The loss and its parameters, as arguments of a skorch net.
    """

    learned_constraints: ClassVar[dict[str, list]]

    learned: dict[str, Any]
    n_outputs: int
    criterion: dict[str, Any]

    # Before there is a target: what a user passes as `y`, and what a file says was learned.

    @classmethod
    @abstractmethod
    def read(cls, y: Any, estimator: Any) -> np.ndarray:
        """Return the `y` that a user passed to an estimator as an array, or refuse it."""

    @classmethod
    @abstractmethod
    def make(cls, y: np.ndarray, weights: np.ndarray, estimator: Any, known: dict) -> Target:
        """Return the target for a `y` that was read.

        Parameters
        ----------
        y : ndarray of shape (n_documents, ...)
            As `read` returns it.
        weights : ndarray of float64 of shape (n_documents,)
            Weights of the documents.
        estimator : estimator instance
            Its parameters say what is learned of `y`.
        known : dict
            What an earlier training learned, or nothing.
        """

    @classmethod
    @abstractmethod
    def check_classes(cls, classes: Any, y: np.ndarray, known: dict, estimator: Any) -> dict:
        """Return what is known before a chunk is learned, with the `classes` of `partial_fit`."""

    @classmethod
    @abstractmethod
    def check_learned(cls, learned: Mapping[str, Any], n_outputs: int) -> None:
        """Raise ValueError if what was read from a file does not fit a network of this size."""

    # The target itself.

    @abstractmethod
    def check(self, y: np.ndarray, name: str) -> None:
        """Refuse a `y` that does not fit what was learned; `name` is that of the argument."""

    @abstractmethod
    def encode(self, y: np.ndarray) -> np.ndarray:
        """Return what the loss compares with the network's outputs."""

    @abstractmethod
    def wide_lr(self, lr: float) -> float:
        """Return the learning rate of the wide path, given that of the network."""

    @abstractmethod
    def wide_norm(self, norm: float) -> float:
        """Return the largest norm of the wide path's gradients, given that of the network."""

    def memberships(self, y: np.ndarray) -> csr_array | None:
        """Return 1 for the labels that each document has, None if outputs are numbers."""
        return None

    def strata(self, y: np.ndarray) -> np.ndarray | None:
        """Return the class of each document, to stratify by; None splits at random."""
        return None

    def weigh(self, y: np.ndarray) -> np.ndarray | float:
        """Return the weight of each document by its class, 1 if classes have no weights."""
        return 1.0


def known_of(targets: tuple[type[Target], ...], estimator: Any) -> dict:
    """Return what an estimator has learned about `y`, for one of these targets."""
    names = {name for target in targets for name in target.learned_constraints}
    return {name: value for name, value in vars(estimator).items() if name in names}


def target_of(targets: tuple[type[Target], ...], learned: Any) -> type[Target] | None:
    """Return which of these targets was learned, None if none was."""
    for target in targets:
        if not target.learned_constraints.keys().isdisjoint(learned):
            return target
    return None


def check_given(y: Any, estimator: Any) -> None:
    """Refuse a `y` that is missing."""
    if y is None:
        raise ValueError(
            f"This {type(estimator).__name__} estimator requires y to be passed, but the target y "
            "is None."
        )
