"""Text to token ids: containers, tokens, vocabularies, CSR sequences. Nothing imports torch."""
