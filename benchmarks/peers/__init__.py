"""Other libraries at the same task, from raw text to labels, as their own guides have it."""
