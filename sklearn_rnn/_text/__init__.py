"""Text to token ids: containers, tokens, vocabularies, CSR sequences. Nothing here knows torch."""
