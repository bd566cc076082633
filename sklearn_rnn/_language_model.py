"""RNNLanguageModel: how probable a text is, token by token."""

import math
import os
from collections.abc import Iterator
from copy import copy
from numbers import Integral, Real

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import ClassifierTags, check_consistent_length, check_random_state

from sklearn_rnn._language.classifies_by_bayes import ClassifiesByBayes
from sklearn_rnn._language.fit_net import fit_net
from sklearn_rnn._language.labels import (
    check_known_labels,
    encode_labels,
    read_labels,
    read_labels_of_chunk,
)
from sklearn_rnn._language.net import LanguageNet
from sklearn_rnn._language.stream import trained_on_texts
from sklearn_rnn._language.text_scorer import scorer_of, sum_by_text
from sklearn_rnn._language.texts import (
    Texts,
    count_characters,
    hold_out_texts,
    in_reading_order,
    order_of_text,
    read_texts,
    way_of_reading,
)
from sklearn_rnn._language.writes_text import WritesText
from sklearn_rnn._sklearn_compat import Interval, StrOptions, _fit_context
from sklearn_rnn._training.base_model import BaseRNN
from sklearn_rnn._training.checkpoints import check_can_resume
from sklearn_rnn._training.growth import check_known_ids
from sklearn_rnn._training.make_network import count_ids
from sklearn_rnn._training.model_lock import lock_of
from sklearn_rnn._training.start_embedding import find_start, n_found
from sklearn_rnn._training.stream import check_no_early_stopping, skipping_a_diverged_chunk
from sklearn_rnn._training.vectorize import (
    extend_vectorizer,
    fit_vectorizer,
    start_vectorizer,
    vectorize,
)
from sklearn_rnn._vectorizer import SequenceVectorizer
from sklearn_rnn._word_vectors import WordVectors


class RNNLanguageModel(
    WritesText, ClassifiesByBayes, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseRNN
):
    """Learn to predict the next token of a text, with a recurrent neural network.

    The model reads a text token by token, characters by default, and predicts at each of them how
    probable every token of its vocabulary is to come next. So it tells how probable a text is
    (`score`, `perplexity`, `log_prob`) and which of its tokens are surprising (`token_log_probs`).
    It writes text (`generate`, `stream`). Its state after the last token is a vector of the text
    (`transform`).

    Given labels `y`, the model learns how the texts of each label are written. It can then classify
    by Bayes' theorem, from how probable a text is under each label (`predict`, `predict_proba`).

    Training runs on PyTorch through skorch, by truncated back-propagation through time: texts of
    similar length are read side by side, in windows of `bptt` tokens, with the state carried from
    window to window.

    The parameters come in groups: those to set first, the network, regularisation, training, and
    computing.

    Parameters
    ----------
    vectorizer : transformer or None, default=None
        Turns raw text into token ids. It is cloned and fitted as `vectorizer_`. None reads
        characters, by ``SequenceVectorizer(analyzer="char", lowercase=False)``. Pass a
        :class:`SequenceVectorizer` to model words, or a :class:`SubwordVectorizer` for subwords.
        Ignored if `fit` is given token ids.
    hidden_size : int, default=256
        Number of units of a recurrent layer.
    max_epochs : int or "auto", default="auto"
        Number of passes over the texts; with `early_stopping`, the largest number. "auto" is 10
        million divided by the number of tokens, but at least 3 and at most 50. Ignored by
        `partial_fit`, which makes one pass.

    documents : bool, default=True
        Whether each text is a document with a beginning and an end. The model learns where texts
        end, and the end counts as one more token. If False, all texts are one long stream, such as
        a book that is split into lines: the state is carried from each text into the next.
    reverse : bool, default=False
        Whether to read each text from its end, and so to predict each token from those after it.
        Needs ``documents=True``. A model in each direction can start a bidirectional network, see
        `pretrained` of :class:`RNNTextClassifier`.
    embedding : WordVectors, str, path-like, ndarray of shape (n_ids, n_features) or None, \
            default=None
        Word vectors to start from, as in :class:`RNNTextClassifier`. With None, all start from
        random values. When training continues after `fit`, new words do too.
    embedding_dim : int or "auto", default="auto"
        Number of features of a token vector. "auto" is that of `embedding`; without, it is 64 for
        up to 512 token ids, as characters have, and 200 for more. If it differs from that of
        `embedding`, the network learns a linear map from one to the other.
    cell : str or callable, default="lstm"
        The recurrent cell: "lstm" (long short-term memory), "gru" (gated recurrent unit), "rnn"
        (the plain cell) or another of those in :doc:`/user_guide/cells`. A callable
        ``cell(input_size, hidden_size)`` builds a cell of your own, such as a subclass of
        :class:`~sklearn_rnn.modules.RecurrentCell`, or a module that computes one step, such as
        :class:`torch.nn.GRUCell`.
    activation : {"tanh", "relu", "sigmoid"}, default="tanh"
        Activation of the plain cell. Ignored unless ``cell="rnn"``.
    num_layers : int, default=1
        Number of recurrent layers. Each reads the states of the layer below.
    tie_weights : bool, default=False
        Whether the output layer uses the token vectors as its weights (Press and Wolf, 2017). That
        saves most of the weights of a large vocabulary, and often predicts rare words better. If
        `hidden_size` and `embedding_dim` differ, a linear layer leads from one to the other.
    softmax : {"auto", "full", "adaptive"}, default="auto"
        How probabilities are computed. "full" computes those of all tokens of the vocabulary at
        each step. "adaptive" puts rare tokens into clusters and computes a cluster only where its
        tokens occur, which trains several times faster on a large vocabulary (Grave et al., 2017).
        "auto" is "adaptive" for more than 10,000 token ids.
    recurrent_init : {"orthogonal", "identity", "uniform"} or None, default=None
        How to initialise the state-to-state weights. None leaves it to the cell; those of this
        package use "orthogonal". "identity" with ``cell="rnn", activation="relu"`` gives an IRNN.
        Ignored by cells without state-to-state matrices.
    forget_bias : float, "chrono" or None, default=None
        Initial bias of the gate that keeps the memory: the larger, the longer an untrained cell
        remembers. "chrono" draws a bias for each unit, for memories of one step up to `bptt`
        (Tallec and Ollivier, 2018). None leaves it to the cell: 1 for LSTMs, 0 for others. Ignored
        by cells without such a gate.

    dropout : float in range [0.0, 1.0), default=0.1
        Fraction of the features that are set to zero in training, between recurrent layers and
        before the output layer. Raise it if the validation score falls while the training loss
        still improves.
    embedding_dropout : float in range [0.0, 1.0), default=0.0
        Fraction of the features of the token vectors that are set to zero in training.
    word_dropout : float in range [0.0, 1.0), default=0.0
        Fraction of the tokens that are read as the unknown token in training. What is predicted
        stays the same.
    recurrent_dropout : float in range [0.0, 1.0), default=0.0
        Fraction of the state-to-state weights that are set to zero in training, as in the AWD-LSTM
        (Merity et al., 2018), redrawn for each window or part of a window. Ignored by cells without
        such weights.
    variational_dropout : bool, default=False
        Whether to drop the same features at all tokens of a window (Gal and Ghahramani, 2016). It
        applies to `dropout`, to `embedding_dropout` and to `recurrent_dropout`, which then drops
        units of the state instead of weights. Together with the latter, cells run step by step,
        which is slower, and must read their state through weights only, as "rnn" and the LSTMs do.
    zoneout : float in range [0.0, 1.0), default=0.0
        Probability that a unit of a cell keeps its previous value at a step in training. Above 0,
        cells run step by step, which is slower.
    activation_penalty : float, default=0.0
        Strength of a penalty on large states: the mean square of the features that the output layer
        reads (activation regularisation, AR; Merity et al., 2017).
    slowness_penalty : float, default=0.0
        Strength of a penalty on states that change fast: the mean square of the change from token
        to token in the features of the top layer (temporal activation regularisation, TAR; Merity
        et al., 2017).
    weight_decay : float, default=0.01
        How strongly the optimizer pulls weights towards zero, if it has weight decay.

    optimizer : {"adamw", "adam", "nadam", "rmsprop", "adagrad", "sgd"} or callable, default="adamw"
        The optimizer. "adamw" updates only the embedding rows of tokens in the batch, so a large
        vocabulary costs little. A callable is a class, such as those in :mod:`torch.optim`, or a
        :func:`functools.partial` of one. Pass further arguments in `skorch_params`, such as
        ``{"optimizer__betas": (0.9, 0.99)}``.
    lr : float, default=3e-3
        Learning rate, the highest one if `lr_schedule` varies it.
    lr_schedule : {"onecycle", "cosine", "linear", "constant"}, default="onecycle"
        How the learning rate changes during training. "onecycle" raises it to `lr` in the first
        quarter and then lowers it to zero. "cosine" lowers it from `lr` to zero along half a
        cosine, "linear" in a straight line. "constant" keeps it. Ignored by `partial_fit`.
    clip_grad_norm : float or None, default=1.0
        Largest norm of the gradient in a step. Larger ones are scaled down to it, because gradients
        can explode through time. None disables clipping.
    averaging : {"recent", "asgd"} or None, default=None
        Whether to predict with an average of the weights over the steps of the training. "recent"
        averages over about the last tenth of the steps; "asgd" over all steps since the validation
        score first did not improve, or since half of the epochs without early stopping (Merity et
        al., 2018); use it with ``lr_schedule="constant"``. None uses the weights of the last step.
        Ignored by `partial_fit`.
    batch_size : int or "auto", default="auto"
        Number of documents, or of pieces of the stream, that are read side by side. "auto" makes
        windows of about 4,000 tokens, but smaller ones if there is little text.
    bptt : int, default=128
        Number of tokens of a window, and so of the steps through which gradients flow back
        (truncated back-propagation through time). The state is carried from window to window, so
        the model can use what lies further back. The first window of a text is shorter, at random,
        so that the windows differ from epoch to epoch.
    early_stopping : bool, default=False
        Whether to stop training when the validation score has not improved by more than `tol` for
        `n_iter_no_change` epochs, and to keep the weights of the best epoch. The validation texts
        are the `X_val` given to `fit`, or else `validation_fraction` of `X`.
    validation_fraction : float in range (0.0, 1.0), default=0.1
        Fraction of the documents to set aside for validation; of a stream, its last part. Only used
        with `early_stopping` and without `X_val`.
    n_iter_no_change : int, default=3
        Number of epochs without improvement before training stops. Only used with `early_stopping`.
    tol : float, default=0.0
        How much the score must rise to count as an improvement. Only used with `early_stopping`.
    warm_start : bool, default=False
        Whether `fit` continues from the weights, the vocabulary and the labels of the previous fit,
        instead of starting over, for example after an interrupt. The network must have the same
        shape. The learning-rate schedule and the optimizer start again.
    checkpoint : str, path-like or None, default=None
        File in which `fit` keeps the state of training, about once a minute. If the process is
        killed, `fit` with the same arguments resumes from there and ends with the weights of an
        undisturbed run, to the bit. In a folder, each fit has a file of its own, which a search
        needs. `random_state` must be an int. Ignored by `partial_fit`. See :ref:`checkpoints`.
    random_state : int, RandomState instance or None, default=None
        Controls the initial weights, the order of the texts, the windows, dropout and which texts
        are set aside for validation. With an int, the same data on the same machine gives the same
        weights, to the bit. The global random state of torch is left unchanged.

    device : str or torch.device, default="auto"
        Where to compute, such as "cpu" or "cuda". "auto" uses a GPU if there is one.
    precision : {"float32", "bfloat16", "auto"}, default="float32"
        Number format of matrix products; weights, sums and losses stay in float32. "bfloat16" keeps
        about three digits, and saves time on hardware that supports it. "auto" uses it where it is
        faster on the CPU, and on every GPU that supports it. See :doc:`/user_guide/speed`.
    kernels : bool or "auto", default="auto"
        Whether to use the compiled CPU kernels of this package for "rnn", "lstm" and "gru", which
        are faster. "auto" uses them if the package was installed with them; True compiles them in
        `fit` if they are missing, once on a machine, in some seconds. Predictions with and without
        kernels differ only by rounding; training differs as with another seed. See
        :doc:`/user_guide/speed`.
    n_jobs : int or None, default=None
        Number of CPU threads. More than one helps with batches of 1,000 tokens or more. The result
        is the same, to the bit, for any number. None uses as many threads as torch does: all
        processors, or its share of them in a worker process of joblib. -1 means all processors.
    n_shards : int, default=1
        Number of shards into which each training batch is cut. At most this many processes can
        train one network together, as in ``torchrun --nproc-per-node=2 train.py``. The weights
        depend on `n_shards`, but not on the number of processes, to the bit. See :ref:`processes`.
    verbose : int, default=0
        With 1 or more, `fit` shows a progress bar and prints a row for each epoch: loss, validation
        score and seconds.
    callbacks : list or None, default=None
        Additional skorch callbacks, alone or as pairs of a name and a callback.
    skorch_params : dict or None, default=None
        Further arguments of :class:`skorch.NeuralNet`, except `callbacks`. They override those that
        the estimator sets.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,) or None
        The labels, sorted. None after fitting without `y`.
    class_count_ : ndarray of int64 of shape (n_classes,) or None
        Number of documents of each label. None after fitting without `y`.
    class_log_prior_ : ndarray of float64 of shape (n_classes,) or None
        Logarithm of the share of each label in these documents. None after fitting without `y`.

    vectorizer_ : transformer or None
        The fitted vectorizer, None after fitting on token ids.
    documents_ : bool
        The value of `documents` in the last `fit`, by which the model reads texts.
    reverse_ : bool
        The value of `reverse` in the last `fit`.

    net_ : skorch.NeuralNet
        The trained skorch net.
    module_ : torch.nn.Module
        The trained network.

    history_ : skorch.history.History
        What skorch recorded in each epoch, or in each of the last 32 chunks given to `partial_fit`.
    n_iter_ : int
        Number of epochs of the last fit, 1 after `partial_fit`.
    t_ : int
        Number of tokens seen in training; each counts once per epoch.
    loss_curve_ : list of float
        Training loss of each epoch, and of each chunk given to `partial_fit`: the mean negative
        log-likelihood of a token, with dropout.
    validation_scores_ : list of float or None
        Score of the validation texts after each epoch, as `score` computes it. None without early
        stopping.
    best_validation_score_ : float or None
        The highest validation score, whose weights were kept. None without early stopping.

    See Also
    --------
    SequenceVectorizer : Converts text to token ids.
    SubwordVectorizer : Converts text to ids of subwords.
    RNNTextClassifier : Classifies documents, more accurately than by Bayes' theorem.
    RNNTextEncoder : Encodes documents as vectors that predict `y`.

    Notes
    -----
    With ``documents=True``, the result for a text does not depend on the other texts. With
    ``documents=False``, a text is scored as it follows those before it. A long stream is then read
    in up to 64 pieces side by side, each of which first reads the 256 tokens before it; so scores
    differ a little from those of one long read.

    Tokens that the vocabulary lacks count as the unknown token, which is predicted like the others.
    So scores compare only between models of the same vocabulary; `bits_per_character` also compares
    characters with subwords that have no unknown token.

    When `fit` is interrupted from the keyboard, the estimator keeps the best weights reached so far
    and issues a :class:`~sklearn_rnn.exceptions.FitInterruptedWarning`; a search or a
    cross-validation scores it like any other fit and continues. The estimator is left unchanged by
    an interrupt before the first step, by an interrupted `partial_fit`, which raises
    KeyboardInterrupt, and by an error.

    Any number of Python threads may use an estimator while one of them trains it: each sees a whole
    model, the one before or the one after. See :ref:`threads`.

    References
    ----------
    - Mikolov, T. et al., "Recurrent neural network based language model", Interspeech (2010).
    - Press, O. and Wolf, L., "Using the output embedding to improve language models", EACL (2017).
    - Grave, E. et al., "Efficient softmax approximation for GPUs", ICML (2017).
    - Merity, S., McCann, B. and Socher, R., "Revisiting activation regularization for language
      RNNs" (2017), https://arxiv.org/abs/1708.01009.
    - Merity, S., Keskar, N. S. and Socher, R., "Regularizing and optimizing LSTM language models",
      ICLR (2018).
    - Gal, Y. and Ghahramani, Z., "A theoretically grounded application of dropout in recurrent
      neural networks", NIPS (2016).
    - Tallec, C. and Ollivier, Y., "Can recurrent neural networks warp time?", ICLR (2018).

    Examples
    --------
    >>> from sklearn_rnn import RNNLanguageModel
    >>> names = ["anna", "hanna", "johanna", "susanna", "marianna", "rosanna"] * 20
    >>> model = RNNLanguageModel(hidden_size=32, max_epochs=20, random_state=0).fit(names)
    >>> likely, unlikely = model.log_prob(["hanna", "nnaah"])
    >>> bool(likely > unlikely)
    True
    >>> bool(model.perplexity(names) < 3)  # of 13 characters and the end
    True
    >>> "h" + model.generate("h", temperature=0)
    'hanna'
    """

    _parameter_constraints: dict = {
        **BaseRNN._parameter_constraints,
        "documents": ["boolean"],
        "reverse": ["boolean"],
        "embedding": [WordVectors, str, os.PathLike, np.ndarray, None],
        "tie_weights": ["boolean"],
        "embedding_dropout": [Interval(Real, 0, 1, closed="left")],
        "activation_penalty": [Interval(Real, 0, None, closed="left")],
        "slowness_penalty": [Interval(Real, 0, None, closed="left")],
        "softmax": [StrOptions({"auto", "full", "adaptive"})],
        "averaging": [StrOptions({"recent", "asgd"}), None],
        "bptt": [Interval(Integral, 1, None, closed="left")],
    }

    _learned_constraints: dict = {
        "net_": [LanguageNet],
        **BaseRNN._learned_constraints,
        "classes_": [np.ndarray, None],
        "class_count_": [np.ndarray, None],
        "documents_": [bool],
        "reverse_": [bool],
    }

    def __init__(
        self,
        *,
        vectorizer=None,
        hidden_size=256,
        max_epochs="auto",
        documents=True,
        reverse=False,
        embedding=None,
        embedding_dim="auto",
        cell="lstm",
        activation="tanh",
        num_layers=1,
        tie_weights=False,
        softmax="auto",
        recurrent_init=None,
        forget_bias=None,
        dropout=0.1,
        embedding_dropout=0.0,
        word_dropout=0.0,
        recurrent_dropout=0.0,
        variational_dropout=False,
        zoneout=0.0,
        activation_penalty=0.0,
        slowness_penalty=0.0,
        weight_decay=0.01,
        optimizer="adamw",
        lr=3e-3,
        lr_schedule="onecycle",
        clip_grad_norm=1.0,
        averaging=None,
        batch_size="auto",
        bptt=128,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=3,
        tol=0.0,
        warm_start=False,
        checkpoint=None,
        random_state=None,
        device="auto",
        precision="float32",
        kernels="auto",
        n_jobs=None,
        n_shards=1,
        verbose=0,
        callbacks=None,
        skorch_params=None,
    ):
        self.vectorizer = vectorizer
        self.hidden_size = hidden_size
        self.max_epochs = max_epochs
        self.documents = documents
        self.reverse = reverse
        self.embedding = embedding
        self.embedding_dim = embedding_dim
        self.cell = cell
        self.activation = activation
        self.num_layers = num_layers
        self.tie_weights = tie_weights
        self.softmax = softmax
        self.recurrent_init = recurrent_init
        self.forget_bias = forget_bias
        self.dropout = dropout
        self.embedding_dropout = embedding_dropout
        self.word_dropout = word_dropout
        self.recurrent_dropout = recurrent_dropout
        self.variational_dropout = variational_dropout
        self.zoneout = zoneout
        self.activation_penalty = activation_penalty
        self.slowness_penalty = slowness_penalty
        self.weight_decay = weight_decay
        self.optimizer = optimizer
        self.lr = lr
        self.lr_schedule = lr_schedule
        self.clip_grad_norm = clip_grad_norm
        self.averaging = averaging
        self.batch_size = batch_size
        self.bptt = bptt
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.warm_start = warm_start
        self.checkpoint = checkpoint
        self.random_state = random_state
        self.device = device
        self.precision = precision
        self.kernels = kernels
        self.n_jobs = n_jobs
        self.n_shards = n_shards
        self.verbose = verbose
        self.callbacks = callbacks
        self.skorch_params = skorch_params

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None, *, X_val=None, y_val=None):
        """Fit the model to texts.

        Parameters
        ----------
        X : iterable of str, or {sparse matrix, array-like} of shape (n_samples, n_positions)
            The texts: raw text or lists of tokens, in any container that
            :class:`SequenceVectorizer` accepts, or token ids as it returns them, padded with 0 if
            dense.

        y : array-like of shape (n_samples,), default=None
            The label of each document, for a model that learns each label separately. Needs
            ``documents=True``. With None, it learns all texts alike.

        X_val : like `X`, default=None
            Texts to score after each epoch. Only allowed if `early_stopping` is True.

        y_val : like `y`, default=None
            Labels of these texts, which must be among those of `y`. Required with `X_val` if `fit`
            is given `y`.

        Returns
        -------
        self : RNNLanguageModel
            The fitted model.

        Raises
        ------
        ValueError
            If texts or labels are missing or invalid, if there is no token to learn from, or if the
            loss or the weights become infinite or NaN.
        RuntimeError
            If `kernels` is True, and there are neither compiled kernels nor a C++ compiler.
        """
        check_can_resume(self)
        way = way_of_reading(self)
        is_warm = self.warm_start and hasattr(self, "net_")
        previous, known = None, None
        if is_warm:
            model = copy(self)  # a consistent copy, as another thread may learn a chunk
            previous, known = model.net_.module_, model
            sequences, vectorizer = vectorize(X, model.vectorizer_, self), model.vectorizer_
            check_known_ids(sequences, previous)
            n_ids, start = previous.embedding.table.num_embeddings, None
        else:
            sequences, vectorizer = fit_vectorizer(X, self, _default_vectorizer)
            start = find_start(self, self.embedding, sequences, vectorizer)
            n_ids = max(count_ids(sequences, vectorizer), n_found(start))
        sequences = in_reading_order(sequences, reverse=self.reverse)
        train, learned = read_labels(sequences, y, self, known, documents=self.documents)
        split_seed, *seeds = check_random_state(self.random_state).randint(
            np.iinfo(np.int32).max, size=3
        )
        valid = None
        if X_val is not None or y_val is not None:
            valid = self._read_validation_set(X_val, y_val, vectorizer, learned["classes_"])
        elif self.early_stopping:
            train, valid = hold_out_texts(train, self, split_seed)
        n_labels = 0 if learned["classes_"] is None else len(learned["classes_"])
        net = fit_net(
            self, train, valid, n_ids, n_labels, seeds=seeds, previous=previous, start=start
        )
        lock_of(self).write(
            self._take_over, net, vectorizer, {**learned, **way}, net.history, is_warm
        )
        return self

    @_fit_context(prefer_skip_nested_validation=False)
    def partial_fit(self, X, y=None, classes=None):
        """Learn from another chunk of texts, in one pass over it.

        The vocabulary grows with the chunks: new tokens get new vectors, and are at first as
        probable as the unknown token. The optimizer keeps its state between chunks. The learning
        rate is `lr`, which may be changed between chunks; other changes of parameters take effect
        at the next `fit`. `lr_schedule`, `max_epochs` and the parameters of early stopping
        are ignored. With ``documents=False``, each chunk is a stream of its own.

        After `fit`, training continues from its weights and its vocabulary. `fit` starts over,
        unless `warm_start` is True. If an error is raised or training is interrupted, the
        estimator stays as it was before the call. If the loss or the weights become infinite or
        NaN in a chunk after the first, it also stays as it was, with a
        :class:`~sklearn.exceptions.ConvergenceWarning`.

        Parameters
        ----------
        X : iterable of str, or {sparse matrix, array-like} of shape (n_samples, n_positions)
            The texts of the chunk: raw text or token ids, as in the first call. A `vectorizer`
            without `partial_fit` learns its vocabulary from the first chunk only.

        y : array-like of shape (n_samples,), default=None
            The labels, not necessarily of all classes. Required in each call, or in none.

        classes : array-like of shape (n_classes,), default=None
            All classes that occur in any chunk. Required in the first call if it has `y`, optional
            later.

        Returns
        -------
        self : RNNLanguageModel
            The model.

        Raises
        ------
        ValueError
            If `classes` is missing in the first call with `y` or differs from that of an earlier
            call, if `y` contains another class, with ``early_stopping=True``, or as in `fit`.
        """
        check_no_early_stopping(self)
        return lock_of(self).write(self._learn_chunk, X, y, classes)

    def _learn_chunk(self, X, y, classes):
        if hasattr(self, "net_"):
            way = {"documents_": self.documents_, "reverse_": self.reverse_}
            sequences, vectorizer = extend_vectorizer(X, self.vectorizer_, self)
        else:
            way = way_of_reading(self)
            sequences, vectorizer = start_vectorizer(X, self, _default_vectorizer)
        documents = way["documents_"]
        sequences = in_reading_order(sequences, reverse=way["reverse_"])
        texts, learned = read_labels_of_chunk(sequences, y, classes, self, documents=documents)
        n_labels = 0 if learned["classes_"] is None else len(learned["classes_"])
        with (
            skipping_a_diverged_chunk(self, stacklevel=8),
            trained_on_texts(self, texts, n_labels, vectorizer, documents=documents) as trained,
        ):
            net, epochs = trained
            self._take_over(net, vectorizer, {**learned, **way}, epochs, True)
        return self

    def _read_validation_set(self, X_val, y_val, vectorizer, classes):
        """Return the texts that the user gave for early stopping."""
        if X_val is None:
            raise ValueError("y_val is provided, but X_val was not provided.")
        if not self.early_stopping:
            raise ValueError(
                "X_val is passed to fit while at the same time early_stopping is False. When "
                "passing X_val to fit, early_stopping should be set to True."
            )
        sequences = vectorize(X_val, vectorizer, self, name="X_val")
        sequences = in_reading_order(sequences, reverse=self.reverse)
        if classes is not None and y_val is None:
            raise ValueError("X_val and y are provided, but y_val was not provided.")
        labels = None if y_val is None else encode_labels(y_val, classes, self, "y_val")
        if labels is not None:
            check_consistent_length(sequences, labels)
        return Texts(sequences, labels)

    def score(self, X, y=None):
        """Return the mean log-likelihood of a token: the higher, the better.

        With ``documents=True``, the end of each text counts as a token.

        Parameters
        ----------
        X : iterable of str, or {sparse matrix, array-like} of shape (n_samples, n_positions)
            The texts, as in `fit`.

        y : array-like of shape (n_samples,), default=None
            The labels of the texts, if the model was fitted with labels: the likelihood is then
            that given the label. None takes the mean over the labels, weighted by their frequency
            in `fit`.

        Returns
        -------
        score : float
            The mean natural logarithm of the probability of a token, given those before it.
        """
        with self._reading():
            values, _ = self._score_tokens(X, y)
        return float(values.mean())

    def perplexity(self, X, y=None):
        """Return the perplexity, the exponential of the negative score: the lower, the better.

        A model that finds k tokens equally likely at every place, and all others impossible, has
        perplexity k.

        Parameters
        ----------
        X : iterable of str, or {sparse matrix, array-like} of shape (n_samples, n_positions)
            The texts, as in `fit`.

        y : array-like of shape (n_samples,), default=None
            The labels of the texts, see `score`.

        Returns
        -------
        perplexity : float
            The perplexity of a token.
        """
        return math.exp(-self.score(X, y))

    def bits_per_character(self, X, y=None):
        """Return how many bits the model needs for a character: the lower, the better.

        This compares models of characters, subwords and words on the same texts. With
        ``documents=True``, the end of each text counts as a character.

        Parameters
        ----------
        X : iterable of str
            The texts.

        y : array-like of shape (n_samples,), default=None
            The labels of the texts, see `score`.

        Returns
        -------
        bits : float
            The negative logarithm to base 2 of the probability of the texts, divided by the number
            of characters.
        """
        X = list(X) if isinstance(X, Iterator) else X
        with self._reading():
            n_characters = count_characters(X, self)
            values, _ = self._score_tokens(X, y)
        return float(-values.sum() / math.log(2) / n_characters)

    def log_prob(self, X, y=None):
        """Return the log-probability of each text.

        Parameters
        ----------
        X : iterable of str, or {sparse matrix, array-like} of shape (n_samples, n_positions)
            The texts, as in `fit`.

        y : array-like of shape (n_samples,), default=None
            The labels of the texts, see `score`.

        Returns
        -------
        log_probs : ndarray of float64 of shape (n_samples,)
            The natural logarithms, with ``documents=True`` including the end of the text. With
            ``documents=False`` they are those of the text given the texts before it.
        """
        with self._reading():
            values, counts = self._score_tokens(X, y)
        return sum_by_text(values, counts)

    def token_log_probs(self, X, y=None):
        """Return the log-probability of each token, given those before it.

        The lower it is, the more surprising the token. With ``reverse=True``, it is that given the
        tokens after it.

        Parameters
        ----------
        X : iterable of str, or {sparse matrix, array-like} of shape (n_samples, n_positions)
            The texts, as in `fit`.

        y : array-like of shape (n_samples,), default=None
            The labels of the texts, see `score`.

        Returns
        -------
        log_probs : list of ndarray of float64 of shape (n_tokens,)
            For each text, the natural logarithms. With ``documents=True``, the last one is that of
            the end of the text, or of its beginning if the model reads it from its end.
        """
        with self._reading():
            values, counts = self._score_tokens(X, y)
        if self.reverse_:
            values = values[order_of_text(counts)]
        return np.split(values, np.cumsum(counts)[:-1])

    def transform(self, X):
        """Encode each text as a vector: the state of the top layer after its last token.

        Each text is read on its own. If the model was fitted with labels, it is read under its most
        probable label.

        Parameters
        ----------
        X : iterable of str, or {sparse matrix, array-like} of shape (n_samples, n_positions)
            The texts, as in `fit`.

        Returns
        -------
        vectors : ndarray of float32 of shape (n_samples, hidden_size)
            The vectors.
        """
        with self._reading():
            return scorer_of(self).states(read_texts(X, self))

    def _score_tokens(self, X, y):
        """Return the log-probability of each token, and how many tokens each text has."""
        sequences = read_texts(X, self)
        if not self.documents_ and sequences.nnz == 0:
            raise ValueError(
                f"X holds no token that {type(self).__name__} could score. With documents=False, "
                "pass at least one text that is not empty."
            )
        labels = check_known_labels(y, sequences, self)
        return scorer_of(self).score_tokens(Texts(sequences, labels))

    @property
    def _n_features_out(self):
        return self.module_.encoder.output_size

    def _check_learned(self):
        """Raise an error of any type if what was read from a file is inconsistent."""
        n_labels = 0 if self.classes_ is None else len(self.classes_)
        vectors = self.module_.label_vectors
        if (0 if vectors is None else vectors.num_embeddings) != n_labels:
            raise ValueError("the classes do not fit the network")
        if self.reverse_ and not self.documents_:
            raise ValueError("a stream cannot be read from its end")
        counts = self.class_count_
        if (counts is None) != (self.classes_ is None):
            raise ValueError("there are classes without counts, or counts without classes")
        if counts is not None and (counts.dtype != np.int64 or counts.shape != (n_labels,)):
            raise ValueError("the counts do not fit the classes")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        tags.classifier_tags = ClassifierTags()  # with labels it predicts their probabilities
        return tags


def _default_vectorizer():
    return SequenceVectorizer(analyzer="char", lowercase=False)
