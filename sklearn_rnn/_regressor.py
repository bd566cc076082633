"""RNNTextRegressor: documents to numbers."""

from numbers import Real

import numpy as np
from sklearn.base import RegressorMixin

from sklearn_rnn._base import BaseRNNText
from sklearn_rnn._sklearn_compat import Interval, StrOptions, _fit_context
from sklearn_rnn._targets.numbers import NUMBER_LOSSES, NumberTarget


class RNNTextRegressor(RegressorMixin, BaseRNNText):
    """Predict numbers from documents with a recurrent neural network.

    Each token becomes a vector, recurrent layers read the vectors in order, and their states are
    pooled into one document vector, from which a linear layer computes a number. Beside the
    network, a linear model of words and word pairs is trained, which learns more from few
    documents: the wide path. The prediction is a weighted mean of both, see `wide_weight`.

    `y` is scaled for training, so its unit does not matter; predictions are in the unit of `y`. If
    `y` has several columns, one network learns all of them.

    Training runs on PyTorch through skorch, in batches of documents of similar length. Nothing is
    computed on padding.

    The parameters come in groups: those to set first, what the network starts from, its layers,
    regularisation, training, and computing.

    Parameters
    ----------
    vectorizer : transformer or None, default=None
        Turns raw text into token ids. It is cloned and fitted as `vectorizer_`. None is a
        :class:`SequenceVectorizer` with its default settings. Ignored if `fit` is given token ids.
    embedding : WordVectors, str, path-like, ndarray of shape (n_ids, n_features) or None, \
            default="auto"
        Word vectors to start from, learned elsewhere on more text; the fewer documents there are,
        the more they help. "glove" is the English table that ships with the package; "auto" uses it
        if it has most of the words, otherwise no vectors. Pass your own as a :class:`WordVectors`
        or as the path of a file that it reads. All of these need raw text; without it, "auto" uses
        none. With token ids, or a fixed `vocabulary`, pass an array: row i is the vector of token
        id i, zeros if it has none. With None, all vectors start from random values. Ignored with a
        fitted language model. See :doc:`/user_guide/pretrained_embeddings`.
    max_epochs : int or "auto", default="auto"
        Number of passes over the documents; with `early_stopping`, the largest number. "auto" is
        300 (1,000 if the vectorizer splits text into characters) divided by the square root of the
        number of documents, but at least 3 and at most 30. Ignored by `partial_fit`, which makes
        one pass.

    freeze_embedding : bool, int or "auto", default="auto"
        Whether the word vectors stay as they are while the rest of the network learns: always,
        never, or for this many epochs or calls of `partial_fit`. "auto" is two epochs of `fit`, but
        at most half of `max_epochs`, and none of `partial_fit`. Words without a vector are frozen
        too. Ignored without `embedding`, and with a language model.
    pretrained : RNNLanguageModel, FrozenEstimator, tuple of these or None, default=None
        Language model to start from: its token vectors and recurrent layers, learned from text
        without labels. The fewer labels there are, the more it helps. Pass a fitted
        :class:`RNNLanguageModel`, or two for both directions, one of them fitted with
        ``reverse=True``. The estimator takes over its vectorizer, `cell`, `activation`,
        `num_layers`, `hidden_size` and token vectors, so leave these parameters at their defaults.
        An unfitted model has the parameters of those that `fit` trains on `X_unlabelled`. To try
        several in a search, put each into a :class:`~sklearn.frozen.FrozenEstimator`. Ignored when
        training continues. See :doc:`/user_guide/pretraining`.
    freeze_pretrained : bool or int, default=1
        Number of epochs, or of calls of `partial_fit`, after which the top recurrent layer of the
        language model learns. Each layer below follows after as many more, the token vectors last
        (gradual unfreezing; Howard and Ruder, 2018). True freezes them all for good, False trains
        them from the beginning. Ignored without a language model, and when training continues.
    layer_lr_decay : float in range (0.0, 1.0], default=0.4
        Factor by which the learning rate falls from each layer to the one below (discriminative
        fine-tuning). The top recurrent layer of the language model learns at `lr`, new layers such
        as the output layer at `lr` divided by the factor. With 1 all learn alike. Ignored without a
        language model, and when training continues.

    embedding_dim : int or "auto", default="auto"
        Number of features of a token vector. "auto" is that of `embedding`, 100 without. If it
        differs from that of `embedding`, the network learns a linear map from one to the other.
    cell : str or callable, default="lstm"
        The recurrent cell: "lstm" (long short-term memory), "gru" (gated recurrent unit), "rnn"
        (the plain cell) or another of those in :doc:`/user_guide/cells`. A callable
        ``cell(input_size, hidden_size)`` builds a cell of your own, such as a subclass of
        :class:`~sklearn_rnn.modules.RecurrentCell`, or a module that computes one step, such as
        :class:`torch.nn.GRUCell`.
    activation : {"tanh", "relu", "sigmoid"}, default="tanh"
        Activation of the plain cell. Ignored unless ``cell="rnn"``.
    bidirectional : bool, default=True
        Whether each layer also reads backwards, with a second cell, and concatenates both states.
    num_layers : int, default=1
        Number of recurrent layers. Each reads the states of the layer below.
    hidden_size : int, default=64
        Number of units of a recurrent layer, in each direction.
    recurrent_init : {"orthogonal", "identity", "uniform"} or None, default=None
        How to initialise the state-to-state weights. None leaves it to the cell; those of this
        package use "orthogonal". "identity" with ``cell="rnn", activation="relu"`` gives an IRNN.
        Ignored by cells without state-to-state matrices.
    forget_bias : float, "chrono" or None, default=None
        Initial bias of the gate that keeps the memory: the larger, the longer an untrained cell
        remembers. "chrono" draws a bias for each unit, for memories of one step up to the length of
        the longest document (Tallec and Ollivier, 2018). None leaves it to the cell: 1 for LSTMs, 0
        for others. Ignored by cells without such a gate.
    pooling : {"last", "mean", "max", "attention", "multihead_attention", "concat"}, \
            default="attention"
        How the states of all tokens become one document vector: the state after the whole document
        ("last"), the mean ("mean"), the largest value of each feature ("max"), the last two
        concatenated ("concat"), a mean with learned weights ("attention"), or `num_heads` such
        means, each of its own part of the features ("multihead_attention").
    num_heads : int, default=4
        Number of weighted means, a divisor of the features of a state. Only used if
        ``pooling="multihead_attention"``.
    skip_connection : bool, default=True
        Whether to concatenate the mean embedding to the document vector, as a shortcut around the
        recurrent layers.
    wide_weight : float in range [0.0, 1.0) or "auto", default="auto"
        Share of the wide path in the scores: a linear model of the TF-IDF weights of words and word
        pairs, trained in the same steps as the network. "auto" falls from 0.9 for up to 625
        documents to 0.6 for 10,000 and more. If the network starts from word vectors it is at most
        0.7, or at most 0.5 from a language model, unless the documents have more than 100 or 60
        tokens on average. 0 leaves out the wide path. After `fit`, the share is `wide_weight_`.
    wide_ngrams : {1, 2, 3} or "auto", default="auto"
        Largest number of adjacent tokens that the wide path counts as one feature, such as 2 for
        word pairs. "auto" is 2, or 3 if most tokens are characters: with ``analyzer="char"``, or in
        scripts without spaces, such as Thai or Chinese. Ignored if `wide_weight` is 0.

    dropout : float in range [0.0, 1.0), default=0.5
        Fraction of the features that are set to zero in training, between recurrent layers and
        before the output layer.
    word_dropout : float in range [0.0, 1.0), default=0.2
        Fraction of the tokens that are replaced by the unknown token in training.
    recurrent_dropout : float in range [0.0, 1.0), default=0.0
        Fraction of the state-to-state weights that are set to zero in training, redrawn for each
        batch or part of a batch. Ignored by cells without such weights.
    variational_dropout : bool, default=False
        Whether to drop the same features at all tokens of a document (Gal and Ghahramani, 2016). It
        applies to `dropout` between the layers and to `recurrent_dropout`, which then drops units
        of the state instead of weights. Together with the latter, cells run step by step, which is
        slower, and must read their state through weights only, as "rnn" and the LSTMs do.
    zoneout : float in range [0.0, 1.0), default=0.0
        Probability that a unit of a cell keeps its previous value at a step in training. Above 0,
        cells run step by step, which is slower.
    attention_penalty : float, default=0.0
        Strength of a penalty that keeps attention from ignoring tokens (Xu et al., 2015): the mean
        over the tokens of ``(1 - share)**2``, where the share of a token is its attention weight,
        averaged over the heads, times the number of tokens. Ignored unless `pooling` is "attention"
        or "multihead_attention".
    weight_decay : float, default=0.01
        How strongly the optimizer pulls weights towards zero, if it has weight decay.

    loss : {"squared_error", "absolute_error", "huber", "quantile", "poisson"}, \
            default="squared_error"
        The training loss, which decides what is predicted:

        - "squared_error" is half the squared error, and predicts the mean;
        - "absolute_error" predicts the median, and is less sensitive to outliers;
        - "huber" is squared up to `epsilon`, absolute beyond;
        - "quantile" is the pinball loss, and predicts the given `quantile`;
        - "poisson" is half the Poisson deviance with a log link, for counts and other `y` that are
          never negative.

    quantile : float in range [0.0, 1.0], default=0.5
        The quantile to predict. Only used if ``loss="quantile"``.
    epsilon : float in range (0.0, inf), default=1.0
        Error at which the Huber loss changes from squared to absolute, in units of `y_scale_`, the
        mean absolute deviation of `y` from its median. Only used if ``loss="huber"``.
    optimizer : {"adamw", "adam", "nadam", "rmsprop", "adagrad", "sgd"} or callable, default="adamw"
        The optimizer. "adamw" updates only the embedding rows of tokens in the batch, so a large
        vocabulary costs little. A callable is a class, such as those in :mod:`torch.optim`, or a
        :func:`functools.partial` of one. Pass further arguments in `skorch_params`, such as
        ``{"optimizer__betas": (0.9, 0.99)}``.
    lr : float, default=2e-3
        Learning rate, the highest one if `lr_schedule` varies it.
    lr_schedule : {"onecycle", "cosine", "linear", "constant"}, default="onecycle"
        How the learning rate changes during training. "onecycle" raises it to `lr` in the first
        quarter and then lowers it to zero. "cosine" lowers it from `lr` to zero along half a
        cosine, "linear" in a straight line. "constant" keeps it. Ignored by `partial_fit`.
    clip_grad_norm : float or None, default=1.0
        Largest norm of the recurrent network's gradient in a step. Larger ones are scaled down to
        it, because gradients can explode through time. None disables clipping.
    batch_size : int or "auto", default="auto"
        Number of documents in a training batch. "auto" is 16 for fewer than 1,000 documents, 32
        otherwise, and always 32 in `partial_fit`.
    crop_length : int or None, default=1024
        Number of tokens that training reads of a longer document, from another random position in
        each epoch. This bounds the training time and makes long documents harder to memorise. None
        reads whole documents, as prediction always does.
    early_stopping : bool, default=False
        Whether to stop training when the validation score has not improved by more than `tol` for
        `n_iter_no_change` epochs, and to keep the weights of the best epoch. The validation
        documents are the `X_val` given to `fit`, or else `validation_fraction` of `X`.
    scoring : str, callable or None, default=None
        Score for early stopping: the name of a scorer of scikit-learn, such as
        "neg_mean_absolute_error"; a callable ``scorer(estimator, X, y)``, which is given token ids
        as `X`; or "loss" for the negative loss. None is R2. Only used with `early_stopping`.
    validation_fraction : float in range (0.0, 1.0), default=0.1
        Fraction of the documents to set aside for validation. Only used with `early_stopping` and
        without `X_val`.
    n_iter_no_change : int, default=3
        Number of epochs without improvement before training stops. Only used with `early_stopping`.
    tol : float, default=0.0
        How much the score must rise to count as an improvement. Only used with `early_stopping`.
    warm_start : bool, default=False
        Whether `fit` continues from the weights, the vocabulary and the unit of `y` of the previous
        fit, instead of starting over, for example after an interrupt. The network must have the
        same shape. The learning-rate schedule and the optimizer start again.
    checkpoint : str, path-like or None, default=None
        File in which `fit` keeps the state of training, about once a minute. If the process is
        killed, `fit` with the same arguments resumes from there and ends with the weights of an
        undisturbed run, to the bit. In a folder, each fit has a file of its own, which a search
        needs. `random_state` must be an int. Ignored by `partial_fit`. See :ref:`checkpoints`.
    random_state : int, RandomState instance or None, default=None
        Controls the initial weights, the order of the documents, dropout and which documents are
        set aside for validation. With an int, the same data on the same machine gives the same
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
    y_offset_ : ndarray of shape () or (n_outputs,)
        What is subtracted from `y` before training: the best constant prediction of each output,
        which is the mean, the median or the quantile, depending on `loss`. 0 with "poisson".
    y_scale_ : ndarray of shape () or (n_outputs,)
        What `y` is then divided by, the unit of each output in training: the standard deviation
        with "squared_error", the mean with "poisson", and otherwise the mean absolute deviation
        from `y_offset_`.
    out_activation_ : {"identity", "exp"}
        Function from the outputs of the network to predictions in units of `y_scale_`: "exp" with
        "poisson", otherwise "identity".

    vectorizer_ : transformer or None
        The fitted vectorizer, None after fitting on token ids.
    embedding_source_ : str or None
        Where the word vectors came from: "glove", the path of a file, "WordVectors", "array", or
        "RNNLanguageModel" after pretraining. None if all were random.
    embedding_coverage_ : dict of str to float, or None
        Share of the "tokens" in the training documents, and of the different "words" in them, that
        have a vector in `embedding` or in the language model; after `partial_fit`, in its last
        chunk. None if there was neither.

    net_ : skorch.NeuralNet
        The trained skorch net.
    module_ : torch.nn.Module
        The trained network.
    wide_weight_ : float
        Share of the wide path in the scores, 0.0 without one. The recurrent network has the rest.

    history_ : skorch.history.History
        What skorch recorded in each epoch, or in each of the last 32 chunks given to `partial_fit`.
    n_iter_ : int
        Number of epochs of the last fit, 1 after `partial_fit`.
    t_ : int
        Number of documents seen in training; each counts once per epoch.
    loss_curve_ : list of float
        Training loss of each epoch, and of each chunk given to `partial_fit`.
    validation_scores_ : list of float or None
        Score of the validation documents after each epoch; higher is better. None without early
        stopping.
    best_validation_score_ : float or None
        The highest validation score, whose weights were kept. None without early stopping.

    See Also
    --------
    RNNTextClassifier : Classifies documents.
    RNNTextEncoder : Encodes documents as vectors.
    SequenceVectorizer : Converts text to token ids.
    SubwordVectorizer : Converts text to ids of subwords.
    RNNLanguageModel : Learns from text without labels what `pretrained` starts from.
    WordVectors : Vectors that words can start from.
    sklearn.neural_network.MLPRegressor : A feed-forward network on feature vectors.

    Notes
    -----
    The result for a document does not depend on the other documents. An empty document is read as a
    single unknown token. Token ids larger than any in `fit` are read as the unknown token.

    When `fit` is interrupted from the keyboard, the estimator keeps the best weights reached so far
    and issues a :class:`~sklearn_rnn.exceptions.FitInterruptedWarning`; a search or a
    cross-validation scores it like any other fit and continues. The estimator is left unchanged by
    an interrupt before the first step, by an interrupted `partial_fit`, which raises
    KeyboardInterrupt, and by an error.

    After `partial_fit`, the estimator also holds the state of the optimizer and the counts of words
    and word pairs, so it takes more memory, and more space when pickled.

    Any number of Python threads may use an estimator while one of them trains it: each sees a whole
    model, the one before or the one after. See :ref:`threads`.

    References
    ----------
    - Hochreiter, S. and Schmidhuber, J., "Long short-term memory", Neural Computation 9 (1997).
    - Xu, K. et al., "Show, attend and tell: neural image caption generation with visual attention",
      ICML (2015).
    - Cheng, H.-T. et al., "Wide & deep learning for recommender systems", DLRS (2016).
    - Howard, J. and Ruder, S., "Universal language model fine-tuning for text classification", ACL
      (2018).
    - Gal, Y. and Ghahramani, Z., "A theoretically grounded application of dropout in recurrent
      neural networks", NIPS (2016).
    - Smith, L. N. and Topin, N., "Super-convergence: very fast training of neural networks using
      large learning rates" (2018), https://arxiv.org/abs/1708.07120.
    - Tallec, C. and Ollivier, Y., "Can recurrent neural networks warp time?", ICLR (2018).

    Examples
    --------
    >>> from sklearn_rnn import RNNTextRegressor
    >>> X = ["good, very good", "good", "bad", "bad, very bad"] * 10
    >>> y = [10.0, 8.0, 3.0, 1.0] * 10
    >>> reg = RNNTextRegressor(max_epochs=20, random_state=0).fit(X, y)
    >>> reg.predict(["very good", "very bad"]).round()
    array([9., 2.])
    """

    _parameter_constraints: dict = {
        **BaseRNNText._parameter_constraints,
        "loss": [StrOptions(set(NUMBER_LOSSES))],
        "quantile": [Interval(Real, 0, 1, closed="both")],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
    }

    _targets = (NumberTarget,)

    def __init__(
        self,
        *,
        vectorizer=None,
        embedding="auto",
        max_epochs="auto",
        freeze_embedding="auto",
        pretrained=None,
        freeze_pretrained=1,
        layer_lr_decay=0.4,
        embedding_dim="auto",
        cell="lstm",
        activation="tanh",
        bidirectional=True,
        num_layers=1,
        hidden_size=64,
        recurrent_init=None,
        forget_bias=None,
        pooling="attention",
        num_heads=4,
        skip_connection=True,
        wide_weight="auto",
        wide_ngrams="auto",
        dropout=0.5,
        word_dropout=0.2,
        recurrent_dropout=0.0,
        variational_dropout=False,
        zoneout=0.0,
        attention_penalty=0.0,
        weight_decay=0.01,
        loss="squared_error",
        quantile=0.5,
        epsilon=1.0,
        optimizer="adamw",
        lr=2e-3,
        lr_schedule="onecycle",
        clip_grad_norm=1.0,
        batch_size="auto",
        crop_length=1024,
        early_stopping=False,
        scoring=None,
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
        self.embedding = embedding
        self.max_epochs = max_epochs
        self.freeze_embedding = freeze_embedding
        self.pretrained = pretrained
        self.freeze_pretrained = freeze_pretrained
        self.layer_lr_decay = layer_lr_decay
        self.embedding_dim = embedding_dim
        self.cell = cell
        self.activation = activation
        self.bidirectional = bidirectional
        self.num_layers = num_layers
        self.hidden_size = hidden_size
        self.recurrent_init = recurrent_init
        self.forget_bias = forget_bias
        self.pooling = pooling
        self.num_heads = num_heads
        self.skip_connection = skip_connection
        self.wide_weight = wide_weight
        self.wide_ngrams = wide_ngrams
        self.dropout = dropout
        self.word_dropout = word_dropout
        self.recurrent_dropout = recurrent_dropout
        self.variational_dropout = variational_dropout
        self.zoneout = zoneout
        self.attention_penalty = attention_penalty
        self.weight_decay = weight_decay
        self.loss = loss
        self.quantile = quantile
        self.epsilon = epsilon
        self.optimizer = optimizer
        self.lr = lr
        self.lr_schedule = lr_schedule
        self.clip_grad_norm = clip_grad_norm
        self.batch_size = batch_size
        self.crop_length = crop_length
        self.early_stopping = early_stopping
        self.scoring = scoring
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
    def fit(
        self,
        X,
        y,
        sample_weight=None,
        *,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
        X_unlabelled=None,
    ):
        """Fit the network to documents and their numbers.

        Parameters
        ----------
        X : iterable of str, or {sparse matrix, array-like} of shape (n_samples, n_positions)
            The documents: raw text or lists of tokens, in any container that
            :class:`SequenceVectorizer` accepts, or token ids as it returns them, padded with 0 if
            dense.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The numbers, in one column or more.

        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each document in the loss: one of weight 2 counts as two of weight 1. None
            gives every document the weight 1.

        X_val : like `X`, default=None
            Documents to score after each epoch. Only allowed if `early_stopping` is True. In a
            pipeline, ``Pipeline(..., transform_input=["X_val"])`` transforms them as it does `X`.

        y_val : like `y`, default=None
            Numbers of these documents.

        sample_weight_val : array-like of shape (n_validation_samples,), default=None
            Weight of each of these documents in the score and in the validation loss. None gives
            every document the weight 1.

        X_unlabelled : like `X`, default=None
            Further documents, without labels. `fit` first trains a language model on them and on
            `X`, one for each direction, and the network starts from it. The models have the
            vectorizer, the cell, the sizes and the `embedding` of this estimator; two models share
            its `embedding_dim`. Without a vectorizer, they read words that occur in two documents
            or more, and train for 5 epochs. To change that, set `pretrained` to an unfitted
            :class:`RNNLanguageModel`. Ignored when training continues.

        Returns
        -------
        self : RNNTextRegressor
            The fitted regressor.

        Raises
        ------
        ValueError
            If documents or numbers are missing or invalid, if `y` is negative and `loss` is
            "poisson", if the loss or the weights become infinite or NaN, or if the validation
            score is NaN in every epoch.
        OSError
            If `embedding` is the path of a file that does not exist or cannot be read.
        RuntimeError
            If `kernels` is True, and there are neither compiled kernels nor a C++ compiler.
        """
        return self._fit(X, y, sample_weight, X_val, y_val, sample_weight_val, X_unlabelled)

    @_fit_context(prefer_skip_nested_validation=False)
    def partial_fit(self, X, y, sample_weight=None):
        """Learn from another chunk of documents, in one pass over it.

        The unit of `y`, `y_offset_` and `y_scale_`, is taken from the first chunk and kept, so the
        first chunk should hold enough documents to estimate it.

        The vocabulary grows with the chunks: new words get new vectors, and the wide path learns
        new words, word pairs and frequencies. The optimizer keeps its state between chunks. The
        learning rate is `lr`, which may be changed between chunks; other changes of parameters
        take effect at the next `fit`. `lr_schedule`, `max_epochs` and the parameters of
        early stopping are ignored.

        After `fit`, training continues from its weights, its vocabulary and its unit of `y`. `fit`
        starts over, unless `warm_start` is True. If an error is raised or training is interrupted,
        the estimator stays as it was before the call. The same holds, with a `ConvergenceWarning`,
        if the loss or the weights become infinite or NaN in a later chunk.

        Parameters
        ----------
        X : iterable of str, or {sparse matrix, array-like} of shape (n_samples, n_positions)
            The documents of the chunk: raw text or token ids, as in the first call. A `vectorizer`
            without `partial_fit` learns its vocabulary from the first chunk only.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The numbers, in as many columns as in the first call.

        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each document in the loss, compared with documents of all chunks. None gives
            every document the weight 1.

        Returns
        -------
        self : RNNTextRegressor
            The regressor.

        Raises
        ------
        ValueError
            If the number of columns of `y` has changed, if `loss` has changed from or to
            "poisson", with ``early_stopping=True``, or as in `fit`.
        """
        return self._partial_fit(X, y, sample_weight)

    def predict(self, X):
        """Predict the number or numbers of each document.

        Parameters
        ----------
        X : iterable of str, or {sparse matrix, array-like} of shape (n_samples, n_positions)
            The documents, as in `fit`.

        Returns
        -------
        y : ndarray of float64 of shape (n_samples,) or (n_samples, n_outputs)
            The predictions, in the unit of the `y` of `fit`, and in its shape.
        """
        with self._reading():
            outputs = self._outputs(X).astype(np.float64)
            outputs = outputs.reshape(-1, *self.y_scale_.shape)
            if self.out_activation_ == "exp":
                outputs = np.exp(outputs)
            return self.y_offset_ + self.y_scale_ * outputs

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
