"""Word vectors: their files, their training, and other spellings of a word. No torch."""
