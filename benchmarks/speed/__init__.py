"""Training and prediction speed beside other libraries."""
