"""Language models that estimators of documents start from: given, or fitted on unlabelled text."""
