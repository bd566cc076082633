"""Plain values in one file: data alone, never code."""
