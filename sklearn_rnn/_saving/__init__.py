"""Save estimators to files that contain data, but no code, and load them."""

from .estimators import load, save

__all__ = ["load", "save"]
