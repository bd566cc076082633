"""RNNTextClassifier: labels for documents."""

from numbers import Real

import numpy as np
import torch
from scipy.special import log_softmax, softmax
from sklearn.base import ClassifierMixin
from sklearn.preprocessing import LabelEncoder
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets

from sklearn_rnn._base import BaseRNNText
from sklearn_rnn._sklearn_compat import Interval, StrOptions, _check_sample_weight, _fit_context
from sklearn_rnn._text_input import is_missing


class RNNTextClassifier(ClassifierMixin, BaseRNNText):
    """Recurrent neural network that classifies text."""

    _parameter_constraints: dict = {
        **BaseRNNText._parameter_constraints,
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
        *,
        vectorizer=None,
        cell="lstm",
        activation="tanh",
        bidirectional=True,
        num_layers=1,
        embedding_dim=100,
        hidden_size=64,
        pooling="concat",
        skip_connection=True,
        dropout=0.5,
        word_dropout=0.1,
        recurrent_dropout=0.0,
        label_smoothing=0.05,
        optimizer="adamw",
        lr=4e-3,
        lr_schedule="onecycle",
        weight_decay=0.01,
        clip_grad_norm=1.0,
        batch_size="auto",
        max_epochs="auto",
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=3,
        tol=0.0,
        class_weight=None,
        random_state=None,
        device="auto",
        n_jobs=None,
        verbose=0,
        callbacks=None,
        skorch_params=None,
    ):
        self.vectorizer = vectorizer
        self.cell = cell
        self.activation = activation
        self.bidirectional = bidirectional
        self.num_layers = num_layers
        self.embedding_dim = embedding_dim
        self.hidden_size = hidden_size
        self.pooling = pooling
        self.skip_connection = skip_connection
        self.dropout = dropout
        self.word_dropout = word_dropout
        self.recurrent_dropout = recurrent_dropout
        self.label_smoothing = label_smoothing
        self.optimizer = optimizer
        self.lr = lr
        self.lr_schedule = lr_schedule
        self.weight_decay = weight_decay
        self.clip_grad_norm = clip_grad_norm
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.class_weight = class_weight
        self.random_state = random_state
        self.device = device
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.callbacks = callbacks
        self.skorch_params = skorch_params

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        sequences, vectorizer = self._fit_input(X)
        encoder, targets = self._encode_labels(y)
        check_consistent_length(sequences, targets)
        weights = _check_sample_weight(sample_weight, sequences, dtype=np.float64)
        if self.class_weight is not None:
            weights = weights * compute_sample_weight(self.class_weight, y)
        net = self._fit_net(
            sequences,
            vectorizer,
            targets,
            weights.astype(np.float32),
            len(encoder.classes_),
            criterion={
                "criterion": torch.nn.CrossEntropyLoss,
                "criterion__reduction": "none",
                "criterion__label_smoothing": self.label_smoothing,
            },
            stratify=targets,
        )
        self._set_fitted(net, vectorizer)
        self.classes_ = encoder.classes_
        return self

    def predict(self, X):
        outputs = self._outputs(X)
        return self.classes_[outputs.argmax(axis=1)]

    def predict_proba(self, X):
        return softmax(self._outputs(X).astype(np.float64), axis=1)

    def predict_log_proba(self, X):
        return log_softmax(self._outputs(X).astype(np.float64), axis=1)

    def decision_function(self, X):
        outputs = self._outputs(X)
        return outputs[:, 1] - outputs[:, 0] if len(self.classes_) == 2 else outputs

    def _encode_labels(self, y):
        """Return the encoder of the labels, and each label's place among the classes."""
        if y is None:
            raise ValueError(
                f"This {type(self).__name__} estimator requires y to be passed, but the target y "
                "is None."
            )
        y = column_or_1d(y, warn=True)
        if y.dtype.kind in "Of" and any(map(is_missing, y.tolist())):
            raise ValueError("Input y contains NaN: every document needs a label.")
        check_classification_targets(y)
        encoder = LabelEncoder().fit(y)
        if len(encoder.classes_) < 2:
            raise ValueError(
                f"{type(self).__name__} needs samples of at least 2 classes in y, but y contains "
                f"only one class: {encoder.classes_[0]!r}."
            )
        return encoder, encoder.transform(y)
