"""Training and prediction speed compared with other libraries."""
