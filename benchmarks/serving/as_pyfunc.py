"""A saved classifier as an MLflow model: ``python as_pyfunc.py FILE FOLDER``."""

import sys

import mlflow
import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel

import sklearn_rnn


class TextClassifier(PythonModel):
    """Answers with a row of probabilities for each document."""

    def load_context(self, context):
        self.model = sklearn_rnn.load(context.artifacts["model"])

    def predict(self, context, model_input: list[str], params=None):
        probabilities = self.model.predict_proba(model_input)
        return pd.DataFrame(probabilities, columns=self.model.classes_.astype(str))


set_model(TextClassifier())  # MLflow runs a copy of this file to open the model: no pickle


def save_as_pyfunc(path, folder):
    """Write a folder that MLflow can open, serve and register, around a file of `save`."""
    mlflow.pyfunc.save_model(
        folder,
        python_model=__file__,
        artifacts={"model": str(path)},
        pip_requirements=[f"sklearn-rnn=={sklearn_rnn.__version__}"],
    )


if __name__ == "__main__":
    save_as_pyfunc(*sys.argv[1:])
    print(mlflow.pyfunc.load_model(sys.argv[2]).predict(["It works great!", "It made me sick."]))
