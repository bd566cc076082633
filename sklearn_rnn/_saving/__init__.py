"""Estimators in files that hold data and no code."""

from .estimators import load, save

__all__ = ["load", "save"]
