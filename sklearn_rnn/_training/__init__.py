"""From documents and parameters to a trained net."""
