"""What a network learns to predict, made from `y`, and its loss."""
