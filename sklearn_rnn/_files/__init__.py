"""Plain values in one file: only data, never code."""
