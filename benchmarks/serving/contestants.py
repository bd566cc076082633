"""What is served: our classifier, by itself and by onnxruntime, TF-IDF, and nothing at all."""

import os
from pathlib import Path

import joblib
import numpy as np

import sklearn_rnn
from benchmarks.serving.service import app as ours
from benchmarks.serving.service import make_app

__all__ = ["nothing", "onnx", "ours", "tfidf"]


class Constant:
    """A model that computes nothing: what is left is the service itself."""

    classes_ = np.array(["negative", "neutral", "positive"])

    def predict_proba(self, documents):
        return np.full((len(documents), 3), 1 / 3)


class OnnxModel:
    """The exported network, on one thread, behind the vectorizer of the saved model."""

    def __init__(self, path, onnx_path):
        import onnxruntime

        model = sklearn_rnn.load(path)
        self.vectorizer, self.classes_ = model.vectorizer_, model.classes_
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(onnx_path), options)

    def predict_proba(self, documents):
        ids = self.vectorizer.transform(documents).toarray()
        (probabilities,) = self.session.run(["probabilities"], {"token_ids": ids})
        return probabilities


def nothing():
    return make_app(Constant())


def tfidf():
    return make_app(joblib.load(Path(os.environ["MODEL"]).with_suffix(".joblib")))


def onnx():
    path = Path(os.environ["MODEL"])
    return make_app(OnnxModel(path, path.with_suffix(".onnx")))
