"""Recurrent neural networks for text as scikit-learn estimators."""

from importlib import import_module
from threading import RLock
from typing import TYPE_CHECKING

# What needs no torch is imported at once, and with it scikit-learn: threads that open the first
# pickles side by side would import that from different ends, and see it half imported.
from sklearn_rnn._subwords import SubwordVectorizer as SubwordVectorizer
from sklearn_rnn._token_counts import TokenCounts as TokenCounts
from sklearn_rnn._vectorizer import SequenceVectorizer as SequenceVectorizer
from sklearn_rnn._word_vectors import WordVectors as WordVectors

__version__ = "0.1.0.dev0"

if TYPE_CHECKING:
    from sklearn_rnn import datasets as datasets
    from sklearn_rnn import exceptions as exceptions
    from sklearn_rnn import inspection as inspection
    from sklearn_rnn import metrics as metrics
    from sklearn_rnn import modules as modules
    from sklearn_rnn import utils as utils
    from sklearn_rnn._classifier import RNNTextClassifier as RNNTextClassifier
    from sklearn_rnn._encoder import RNNTextEncoder as RNNTextEncoder
    from sklearn_rnn._language_model import RNNLanguageModel as RNNLanguageModel
    from sklearn_rnn._onnx import export_onnx as export_onnx
    from sklearn_rnn._regressor import RNNTextRegressor as RNNTextRegressor
    from sklearn_rnn._saving import load as load
    from sklearn_rnn._saving import save as save
    from sklearn_rnn._show_versions import show_versions as show_versions
    from sklearn_rnn._token_classifier import RNNTokenClassifier as RNNTokenClassifier
    from sklearn_rnn._translator import RNNTranslator as RNNTranslator
else:
    # The rest is imported on first use, from the file named here: a process that only turns text
    # into ids does without torch. Type checkers read the imports above.
    _FILES = {
        "RNNLanguageModel": "_language_model",
        "RNNTextClassifier": "_classifier",
        "RNNTextEncoder": "_encoder",
        "RNNTextRegressor": "_regressor",
        "RNNTokenClassifier": "_token_classifier",
        "RNNTranslator": "_translator",
        "export_onnx": "_onnx",
        "load": "_saving",
        "save": "_saving",
        "show_versions": "_show_versions",
    }
    _SUBMODULES = ("datasets", "exceptions", "inspection", "metrics", "modules", "utils")
    _LOCK = RLock()  # threads take turns, for the same reason

    __all__ = ["SequenceVectorizer", "SubwordVectorizer", "TokenCounts", "WordVectors", *_FILES]

    def __getattr__(name):
        """Import what a public name stands for, and keep it."""
        if name not in _FILES and name not in _SUBMODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        with _LOCK:
            value = import_module(f"{__name__}.{_FILES.get(name, name)}")
        if name in _FILES:
            value = globals()[name] = getattr(value, name)
        return value

    def __dir__():
        return [*__all__, *_SUBMODULES, "__version__"]
