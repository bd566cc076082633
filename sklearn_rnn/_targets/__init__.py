"""What a network learns to give, made from `y`, and its loss."""
