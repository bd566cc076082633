"""Language models: texts as sequences and windows, the net that learns them, and their scores."""
