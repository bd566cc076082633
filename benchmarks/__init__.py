"""Measurements of quality and speed, run as ``python -m benchmarks NAME``."""
