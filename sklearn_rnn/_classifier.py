"""RNNTextClassifier: labels for documents."""

from numbers import Real

import numpy as np
from scipy.special import expit, log_expit, log_softmax, softmax
from sklearn.base import ClassifierMixin

from sklearn_rnn._base import BaseRNNText
from sklearn_rnn._sklearn_compat import Interval, StrOptions, _fit_context
from sklearn_rnn._targets.labels import LabelTarget


class RNNTextClassifier(ClassifierMixin, BaseRNNText):
    """Classify documents by a recurrent neural network.

    The network reads a document word by word: each token becomes a vector, a stack of recurrent
    layers reads the vectors in their order, the states are pooled into one vector a document, and
    a linear layer turns that into a score for each class. Beside it stands a linear model of words
    and word pairs, the wide path, which learns more from few documents; the prediction is a mean
    of both, weighted by `wide_weight`.

    A document has one class, or, where `y` is an indicator matrix, any number of labels, which the
    network then learns each for itself.

    Training runs through skorch and PyTorch, on batches of documents of similar length, with no
    step computed on padding.

    Parameters
    ----------
    vectorizer : transformer from text to token ids or None, default=None
        Splits raw text and numbers the tokens. It is cloned and fitted as `vectorizer_`. None
        stands for a :class:`SequenceVectorizer` with its defaults. Ignored when `fit` is given
        token ids.

    cell : {"rnn", "lstm", "gru", "peephole_lstm", "coupled_lstm", "layer_norm_lstm", "mgu", \
            "indrnn", "sru", "qrnn", "grid_lstm", "tied_grid_lstm"} or callable, default="lstm"
        The recurrent cell: the plain one, the long short-term memory, the gated recurrent unit, or
        one of those that the user guide lists under Cells. "grid_lstm" is a Grid LSTM of
        `num_layers` layers in place of the stack, "tied_grid_lstm" the same with the weights shared
        by all layers. A callable ``cell(input_size, hidden_size)`` makes a cell of your own: a
        subclass of :class:`~sklearn_rnn.modules.RecurrentCell` for example, or a module of one step
        such as :class:`torch.nn.GRUCell`.

    activation : {"tanh", "relu", "sigmoid"}, default="tanh"
        The activation of the plain cell. Ignored unless ``cell="rnn"``.

    bidirectional : bool, default=True
        Whether each layer also reads the documents from their end, by a second cell whose states
        stand beside those of the first.

    num_layers : int, default=1
        Number of recurrent layers. Each reads the states of the one below.

    embedding_dim : int, default=100
        Number of features of a token.

    hidden_size : int, default=64
        Number of units of a recurrent layer, in each direction.

    recurrent_init : {"orthogonal", "identity", "uniform"} or None, default=None
        How the weights from state to state start. None leaves it to the cell, "orthogonal" for
        those of this package. "identity" with ``cell="rnn", activation="relu"`` is an IRNN.
        Ignored by cells without such matrices.

    forget_bias : float, "chrono" or None, default=None
        The bias with which the gate that keeps the memory starts: the larger, the longer the
        memory lasts at first. "chrono" draws it for each unit so that the memories last for 1 step
        up to the length of the longest document. None leaves it to the cell, 1 for LSTMs and 0 for
        others. Ignored by cells without such a gate.

    pooling : {"last", "mean", "max", "attention", "multihead_attention", "concat"}, \
            default="concat"
        How the states at all tokens become one vector: the state after the whole document was
        read, the mean, the largest value of each feature, a mean with learned weights, several of
        them over parts of the features, or the largest beside the mean.

    num_heads : int, default=4
        Number of means of ``pooling="multihead_attention"``, a divisor of the features of a state.
        Ignored by other poolings.

    attention_penalty : float, default=0.0
        Weight of a term in the training loss that draws the attention of either kind towards all
        tokens, so that none is passed over: the mean over the tokens of ``(1 - share)**2``, where
        a token's share is its weight, averaged over the heads, times the number of tokens. Ignored
        by other poolings.

    skip_connection : bool, default=True
        Whether the mean of the token vectors joins that vector, a way past the recurrence.

    wide_weight : float in range [0.0, 1.0) or "auto", default="auto"
        The share of the wide path in the scores: a linear model on the TF-IDF weights of words and
        word pairs, learned in the same steps. "auto" gives the recurrent network a share that
        grows with the root of the number of documents, from 0.1 below 625 of them over 0.13 for
        1,000 to 0.4 from 10,000 on. With 0 there is no such path, and the recurrent network
        stands alone.

    dropout : float in range [0.0, 1.0), default=0.5
        Share of the features that are zeroed in training, between the recurrent layers and in
        front of the linear layer.

    word_dropout : float in range [0.0, 1.0), default=0.2
        Share of the tokens that are read as the unknown token in training.

    recurrent_dropout : float in range [0.0, 1.0), default=0.0
        Share of the weights from state to state that are zeroed in a training batch, or in each
        part of it where it is computed in parts. Ignored by "qrnn", which has none.

    variational_dropout : bool, default=False
        Whether a document has the same features zeroed at all its tokens, by `dropout` between the
        layers, and the same units of its state, by `recurrent_dropout`, in place of weights. That
        runs the cells step by step, which is slower, and needs one that reads its state by weights
        alone: "rnn" and the LSTMs.

    zoneout : float in range [0.0, 1.0), default=0.0
        Probability of a unit of a cell to keep its value for a step in training. It runs the cells
        step by step, which is slower.

    label_smoothing : float in range [0.0, 1.0), default=0.05
        Share of the target that is spread evenly over the classes, or over a label and its
        absence, so that the network does not become too sure.

    optimizer : {"adamw", "adam", "nadam", "rmsprop", "adagrad", "sgd"} or callable, \
            default="adamw"
        How the weights follow the gradients. "adamw" moves only those rows of the embedding that
        a batch touches, so that a large vocabulary costs little. A callable is a class such as
        those in :mod:`torch.optim`, or a partial of one; its further arguments go into
        `skorch_params`, as in ``{"optimizer__betas": (0.9, 0.99)}``.

    lr : float, default=2e-3
        Learning rate, the highest one where `lr_schedule` varies it.

    lr_schedule : {"onecycle", "cosine", "linear", "constant"}, default="onecycle"
        How the learning rate goes over the whole training: it rises in the first quarter and falls
        to zero, falls to zero along half a cosine or in a straight line, or stays.

    weight_decay : float, default=0.01
        How strongly the optimizer pulls the weights towards zero. Ignored by optimizers that know
        no such thing.

    clip_grad_norm : float or None, default=1.0
        The largest norm of the recurrent network's gradients of a step together; longer ones are
        scaled down, since gradients through time can explode. None leaves them.

    batch_size : int or "auto", default="auto"
        Number of documents in a training batch. "auto" is 16 below 1,000 documents, else 32, and
        32 in `partial_fit`.

    crop_length : int or None, default=1024
        In training, a document of more tokens is read from a random place on for so many tokens,
        from another place in each epoch. It bounds the time of training and makes long documents
        harder to learn by heart. None reads all of them. Prediction always does.

    max_epochs : int or "auto", default="auto"
        How often training goes over the documents. "auto" is 300 divided by the root of their
        number, at least 3 and at most 30.

    early_stopping : bool, default=False
        Whether to score documents that are not trained on after each epoch, to end training when
        the score has not risen by more than `tol` for `n_iter_no_change` epochs, and to keep the
        weights of the best epoch. The documents are `X_val` of `fit`, or else
        `validation_fraction` of `X`.

    scoring : str, callable or None, default=None
        The score of early stopping: a name of a scorer of scikit-learn, such as "f1_macro" or
        "neg_log_loss"; a callable ``scorer(estimator, X, y)``, which is given token ids as `X`;
        "loss" for the negative loss; None for the accuracy. Only used if `early_stopping` is True.

    validation_fraction : float in range (0.0, 1.0), default=0.1
        Share of the documents that is set aside, by class where every class has enough of them. A
        document of each class stays to train on. Only used if `early_stopping` is True and `fit`
        is given no `X_val`.

    n_iter_no_change : int, default=3
        Number of epochs to wait for a better one. Only used if `early_stopping` is True.

    tol : float, default=0.0
        How much better an epoch must be to count. Only used if `early_stopping` is True.

    warm_start : bool, default=False
        Whether `fit` goes on from the weights of the last fit, with its vocabulary and its classes,
        instead of beginning anew. The network must be of the same shape. The learning rate goes
        through its whole schedule again, and the optimizer starts without momentum. After an
        interrupt it takes training up again.

    class_weight : dict, list of dict, "balanced" or None, default=None
        Weight of each class in the loss. "balanced" weighs classes by the inverse of their
        frequency. With a dict, classes that it does not name have weight 1. Where `y` is an
        indicator matrix, "balanced" does so for each label and its absence, and otherwise there is
        a dict such as ``{0: 1, 1: 5}`` for each label, in the order of the columns.

    random_state : int, RandomState instance or None, default=None
        Determines the initial weights, the order of documents, dropout and the documents set
        aside. With an int, the same data gives the same weights on a machine, to the bit. The
        global random state of torch is left as it was.

    device : str or torch.device, default="auto"
        Where to compute: "cpu", "cuda", ...; "auto" takes a GPU where there is one.

    precision : {"float32", "bfloat16", "auto"}, default="float32"
        What matrices are multiplied in; weights, sums and losses stay in float32. "bfloat16" keeps
        three digits. On a CPU that has it in hardware, as servers from 2021 on do, the cells with
        kernels (see `kernels`) take about nine tenths of the time in it. Without kernels an LSTM
        takes two thirds, and other cells longer than before. "auto" is "bfloat16" where that is
        faster, and on a GPU that has it.

    kernels : bool or "auto", default="auto"
        Whether to read documents by kernels of our own on the CPU, in which a training epoch of
        a GRU takes about a third of the time, of a plain cell less than half and of an LSTM
        three quarters. "auto" does so where the package was installed with them, as it is where
        there was a C++ compiler. With True, `fit` otherwise compiles them, once on a machine and
        in some seconds, and keeps them in the user's cache. Results differ from those without only
        by rounding. Where the fitted model finds no kernels, it predicts without them. Ignored by
        cells other than "rnn", "lstm" and "gru".

    n_jobs : int or None, default=None
        Number of threads on the CPU. Parts of a batch are computed side by side, so that batches
        of 1,000 tokens or more gain by it. The result is the same, to the bit, for any number.
        None means as many as torch has, which are all processors, or its share in a process of
        joblib. -1 means all processors.

    verbose : int, default=0
        With 1 or more, a progress bar shows epoch, loss, validation score and speed.

    callbacks : list or None, default=None
        Further skorch callbacks, or pairs of a name and a callback.

    skorch_params : dict or None, default=None
        Further arguments of :class:`skorch.NeuralNet`, but for `callbacks`. They win over those set
        here.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted. The numbers of the columns where `y` is an indicator matrix.

    multilabel_ : bool
        Whether `y` is an indicator matrix, with any number of labels for a document.

    vectorizer_ : transformer or None
        The fitted vectorizer, None after fitting on token ids.

    net_ : skorch.NeuralNet
        The trained skorch net.

    module_ : torch.nn.Module
        The trained network.

    history_ : skorch.history.History
        What skorch recorded in each epoch.

    n_iter_ : int
        Number of epochs of the last call, 1 after `partial_fit`.

    t_ : int
        Number of documents trained on, each as often as it was.

    loss_curve_ : list of float
        The training loss of each epoch, and of each chunk of `partial_fit`.

    validation_scores_ : list of float or None
        The score of the validation documents after each epoch, the higher the better. None
        without early stopping.

    best_validation_score_ : float or None
        The highest of them, whose weights are kept. None without early stopping.

    See Also
    --------
    RNNTextRegressor : A number for each document.
    RNNTextEncoder : A vector for each document.
    SequenceVectorizer : From text to token ids.
    sklearn.neural_network.MLPClassifier : A network without memory, on vectors.

    Notes
    -----
    A document's result does not depend on the documents beside it. An empty document is read as
    one unknown token. Token ids larger than all in `fit` count as the unknown token.

    When `fit` is interrupted from the keyboard, the estimator keeps the best weights reached and
    warns with :class:`~sklearn_rnn.exceptions.FitInterruptedWarning`; before the first step, and
    when `fit` raises an error, everything stays as it was. In a search or a cross-validation, an
    interruption ends the current fit alone: it is scored like the others, and the next one begins.
    An interrupted `partial_fit` leaves everything as it was, and raises the interrupt.

    After `partial_fit` the estimator also holds the state of the optimizer and the counts of words
    and pairs, which makes it larger in memory and in a file.

    Fits and predictions in Python threads take turns, since the seed and the number of threads of
    torch belong to the whole process; processes run side by side.

    References
    ----------
    S. Hochreiter and J. Schmidhuber, "Long short-term memory", Neural Computation 9 (1997).

    H.-T. Cheng et al., "Wide & deep learning for recommender systems", DLRS (2016).

    L. N. Smith and N. Topin, "Super-convergence: very fast training of neural networks using large
    learning rates" (2018), https://arxiv.org/abs/1708.07120.

    Examples
    --------
    >>> from sklearn_rnn import RNNTextClassifier
    >>> X = ["good, not bad", "bad, not good"] * 20
    >>> y = ["praise", "complaint"] * 20
    >>> clf = RNNTextClassifier(max_epochs=5, random_state=0).fit(X, y)
    >>> clf.predict(["good, not bad", "bad, not good"])
    array(['praise', 'complaint'], dtype='<U9')
    """

    _parameter_constraints: dict = {
        **BaseRNNText._parameter_constraints,
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
        "class_weight": [dict, list, StrOptions({"balanced"}), None],
    }

    _targets = (LabelTarget,)

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
        recurrent_init=None,
        forget_bias=None,
        pooling="concat",
        num_heads=4,
        attention_penalty=0.0,
        skip_connection=True,
        wide_weight="auto",
        dropout=0.5,
        word_dropout=0.2,
        recurrent_dropout=0.0,
        variational_dropout=False,
        zoneout=0.0,
        label_smoothing=0.05,
        optimizer="adamw",
        lr=2e-3,
        lr_schedule="onecycle",
        weight_decay=0.01,
        clip_grad_norm=1.0,
        batch_size="auto",
        crop_length=1024,
        max_epochs="auto",
        early_stopping=False,
        scoring=None,
        validation_fraction=0.1,
        n_iter_no_change=3,
        tol=0.0,
        warm_start=False,
        class_weight=None,
        random_state=None,
        device="auto",
        precision="float32",
        kernels="auto",
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
        self.recurrent_init = recurrent_init
        self.forget_bias = forget_bias
        self.pooling = pooling
        self.num_heads = num_heads
        self.attention_penalty = attention_penalty
        self.skip_connection = skip_connection
        self.wide_weight = wide_weight
        self.dropout = dropout
        self.word_dropout = word_dropout
        self.recurrent_dropout = recurrent_dropout
        self.variational_dropout = variational_dropout
        self.zoneout = zoneout
        self.label_smoothing = label_smoothing
        self.optimizer = optimizer
        self.lr = lr
        self.lr_schedule = lr_schedule
        self.weight_decay = weight_decay
        self.clip_grad_norm = clip_grad_norm
        self.batch_size = batch_size
        self.crop_length = crop_length
        self.max_epochs = max_epochs
        self.early_stopping = early_stopping
        self.scoring = scoring
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.warm_start = warm_start
        self.class_weight = class_weight
        self.random_state = random_state
        self.device = device
        self.precision = precision
        self.kernels = kernels
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.callbacks = callbacks
        self.skorch_params = skorch_params

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
        """Learn from documents and their labels.

        Parameters
        ----------
        X : iterable of str, or {sparse matrix, array-like} of shape (n_samples, n_positions)
            The documents: raw text in any container that :class:`SequenceVectorizer` takes, or
            token ids as it returns them, padded with 0 where dense.

        y : array-like of shape (n_samples,) or {array-like, sparse matrix} of shape \
                (n_samples, n_labels)
            The labels, all of one type that can be sorted, or an indicator matrix of 0 and 1 with a
            column for each label, such as :class:`~sklearn.preprocessing.MultiLabelBinarizer`
            makes.

        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each document in the loss: one of weight 2 counts as two of weight 1. None
            stands for 1.

        X_val : like `X`, default=None
            Documents to score after each epoch. Only allowed if `early_stopping` is True. In a
            pipeline they are transformed as `X` is with
            ``Pipeline(..., transform_input=["X_val"])``.

        y_val : like `y`, default=None
            Their labels, among those of `y`.

        sample_weight_val : array-like of shape (n_validation_samples,), default=None
            Their weights in the score and in the validation loss. None stands for 1.

        Returns
        -------
        self : RNNTextClassifier
            The fitted classifier.

        Raises
        ------
        ValueError
            If documents or labels are missing or wrong, there are fewer than two classes, or the
            loss does not stay finite.
        RuntimeError
            If `kernels` is True and there are neither kernels nor a C++ compiler.
        """
        return self._fit(X, y, sample_weight, X_val, y_val, sample_weight_val)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Learn from a further chunk of documents, in one pass over it.

        The vocabulary grows with the chunks: new words get new vectors, and the wide path learns
        new words, pairs and frequencies. The learning rate is `lr`, which may be set anew between
        the chunks, and the optimizer keeps its state between them. `lr_schedule`, `max_epochs`
        and the parameters of early stopping are not used; changes of other parameters count from
        the next `fit` on.

        After `fit`, it goes on from the weights and the vocabulary of that; `fit` forgets, unless
        `warm_start` is True. When it raises an error or is interrupted, everything stays as it
        was before the call.

        Parameters
        ----------
        X : iterable of str, or {sparse matrix, array-like} of shape (n_samples, n_positions)
            The documents of the chunk: raw text or token ids, as in the first call. A `vectorizer`
            without a method `partial_fit` learns its vocabulary from the first chunk.

        y : array-like of shape (n_samples,) or {array-like, sparse matrix} of shape \
                (n_samples, n_labels)
            Their labels, not necessarily of all classes, or an indicator matrix, as in `fit`.

        classes : array-like of shape (n_classes,), default=None
            All classes that there are in any chunk. Needed in the first call, and may be left out
            later. An indicator matrix has a column for each; there it may always be left out.

        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each document in the loss, beside those of other chunks. None stands for 1.

        Returns
        -------
        self : RNNTextClassifier
            The classifier.

        Raises
        ------
        ValueError
            If `classes` is missing in the first call or differs from the one before, `y` holds
            another class, ``early_stopping=True`` or ``class_weight="balanced"``, or as in `fit`.
        """
        return self._partial_fit(X, y, sample_weight, classes)

    def predict(self, X):
        """Return the most probable label of each document, or all labels above one half.

        Parameters
        ----------
        X : iterable of str, or {sparse matrix, array-like} of shape (n_samples, n_positions)
            The documents, as in `fit`.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_classes)
            The labels, or an indicator matrix of 0 and 1 if `fit` was given one.
        """
        outputs = self._outputs(X)
        if self.multilabel_:
            return (outputs > 0).astype(np.int64)
        return self.classes_[outputs.argmax(axis=1)]

    def predict_proba(self, X):
        """Return the probability of each class for each document.

        Parameters
        ----------
        X : iterable of str, or {sparse matrix, array-like} of shape (n_samples, n_positions)
            The documents, as in `fit`.

        Returns
        -------
        probabilities : ndarray of float64 of shape (n_samples, n_classes)
            A column for each of `classes_`. Rows sum to 1, unless a document may have many labels:
            then each probability is that of one label, whatever the others.
        """
        outputs = self._outputs(X).astype(np.float64)
        return expit(outputs) if self.multilabel_ else softmax(outputs, axis=1)

    def predict_log_proba(self, X):
        """Return the logarithm of the probability of each class for each document.

        Parameters
        ----------
        X : iterable of str, or {sparse matrix, array-like} of shape (n_samples, n_positions)
            The documents, as in `fit`.

        Returns
        -------
        log_probabilities : ndarray of float64 of shape (n_samples, n_classes)
            A column for each of `classes_`.
        """
        outputs = self._outputs(X).astype(np.float64)
        return log_expit(outputs) if self.multilabel_ else log_softmax(outputs, axis=1)

    def decision_function(self, X):
        """Return how much speaks for each class: the logits of the network.

        Parameters
        ----------
        X : iterable of str, or {sparse matrix, array-like} of shape (n_samples, n_positions)
            The documents, as in `fit`.

        Returns
        -------
        scores : ndarray of float32 of shape (n_samples,) or (n_samples, n_classes)
            With two classes, the logit of the second less that of the first: above 0 it is
            predicted. With more, or with many labels for a document, a column for each of
            `classes_`.
        """
        outputs = self._outputs(X)
        if self.multilabel_ or len(self.classes_) > 2:
            return outputs
        return outputs[:, 1] - outputs[:, 0]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
