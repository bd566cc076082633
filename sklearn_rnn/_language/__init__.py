"""What a language model does with its network: texts that it writes."""
