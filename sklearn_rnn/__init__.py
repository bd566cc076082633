"""Recurrent neural networks for text as scikit-learn estimators."""

import importlib as _importlib

from sklearn_rnn._classifier import RNNTextClassifier
from sklearn_rnn._encoder import RNNTextEncoder
from sklearn_rnn._language_model import RNNLanguageModel
from sklearn_rnn._regressor import RNNTextRegressor
from sklearn_rnn._saving import load, save
from sklearn_rnn._subwords import SubwordVectorizer
from sklearn_rnn._token_classifier import RNNTokenClassifier
from sklearn_rnn._token_counts import TokenCounts
from sklearn_rnn._translator import RNNTranslator
from sklearn_rnn._vectorizer import SequenceVectorizer
from sklearn_rnn._word_vectors import WordVectors

__version__ = "0.1.0.dev0"

__all__ = [
    "RNNLanguageModel",
    "RNNTextClassifier",
    "RNNTextEncoder",
    "RNNTextRegressor",
    "RNNTokenClassifier",
    "RNNTranslator",
    "SequenceVectorizer",
    "SubwordVectorizer",
    "TokenCounts",
    "WordVectors",
    "export_onnx",
    "load",
    "save",
    "show_versions",
]


_SUBMODULES = ("datasets", "exceptions", "inspection", "metrics", "modules", "utils")


def __getattr__(name):
    """Import what few programs use once they do: the export takes a tenth of the whole import."""
    if name in _SUBMODULES:
        return _importlib.import_module(f"{__name__}.{name}")
    if name == "export_onnx":
        from sklearn_rnn._onnx import export_onnx

        return export_onnx
    if name == "show_versions":
        from sklearn_rnn._show_versions import show_versions

        return show_versions
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *__all__, *_SUBMODULES})
