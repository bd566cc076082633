"""Language models: how they train, score and write texts."""
