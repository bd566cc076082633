"""The experiment behind the defaults of RNNTextClassifier."""
