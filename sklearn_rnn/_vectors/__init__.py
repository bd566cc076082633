"""Vectors of words: their files, their training, and which of them stands for a word. No torch."""
