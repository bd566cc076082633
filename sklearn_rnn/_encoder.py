"""RNNTextEncoder: documents to vectors."""

from numbers import Real

from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.multiclass import type_of_target

from sklearn_rnn._base import BaseRNNText
from sklearn_rnn._classifier import RNNTextClassifier
from sklearn_rnn._regressor import RNNTextRegressor
from sklearn_rnn._sklearn_compat import Interval, StrOptions, _fit_context
from sklearn_rnn._targets.base import target_of
from sklearn_rnn._targets.labels import LabelTarget
from sklearn_rnn._targets.numbers import NumberTarget
from sklearn_rnn.modules import SequenceNetwork


class RNNTextEncoder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseRNNText):
    """Encode documents as vectors, with a recurrent neural network that learns from `y`.

    Each token becomes a vector, recurrent layers read the vectors in order, and their states are
    pooled into one document vector. During `fit`, a linear layer predicts the labels or numbers in
    `y` from that vector, so that documents with similar `y` get similar vectors. `transform`
    returns the vectors, for any estimator of scikit-learn.

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
    label_smoothing : float in range [0.0, 1.0), default=0.05
        Fraction of the target that is spread evenly over the classes to prevent overconfidence;
        with an indicator matrix, over the presence and the absence of each label. Ignored if `y`
        holds numbers.
    weight_decay : float, default=0.01
        How strongly the optimizer pulls weights towards zero, if it has weight decay.

    loss : {"auto", "log_loss", "squared_error"}, default="auto"
        The training loss, which also says what `y` holds: with "log_loss", labels, one for each
        document or an indicator matrix; with "squared_error", numbers. "auto" takes `y` as numbers
        if any of them is not an integer, as :func:`sklearn.utils.multiclass.type_of_target` does.
        Set "squared_error" for integer grades.
    class_weight : dict, list of dict, "balanced" or None, default=None
        Weight of each class in the loss. "balanced" weighs classes inversely to their frequency. A
        dict gives weights by class; classes that it does not name have weight 1. With an indicator
        matrix, "balanced" weighs the presence and the absence of each label, and weights of your
        own are a list of dicts such as ``{0: 1, 1: 5}``, one for each column. Ignored if `y` holds
        numbers.
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
        Score for early stopping: the name of a scorer of scikit-learn, such as "f1_macro" or
        "neg_log_loss"; a callable ``scorer(estimator, X, y)``, which is given token ids as `X`; or
        "loss" for the negative loss. None is the accuracy, or R2 if `y` holds numbers. What is
        scored is a classifier or a regressor with the network in training. Only used with
        `early_stopping`.
    validation_fraction : float in range (0.0, 1.0), default=0.1
        Fraction of the documents to set aside for validation, stratified by class if every class
        has enough documents. If not, classes with two or more documents are on both sides of the
        split, as long as there is room. Only used with `early_stopping` and without `X_val`.
    n_iter_no_change : int, default=3
        Number of epochs without improvement before training stops. Only used with `early_stopping`.
    tol : float, default=0.0
        How much the score must rise to count as an improvement. Only used with `early_stopping`.
    warm_start : bool, default=False
        Whether `fit` continues from the weights, the vocabulary and what was learned of `y` of the
        previous fit, instead of starting over, for example after an interrupt. The network must
        have the same shape. The learning-rate schedule and the optimizer start again.
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
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted. With an indicator matrix, the numbers of its columns. Only available
        after fitting on labels.
    multilabel_ : bool
        Whether `y` was an indicator matrix, so that a document can have any number of labels. Only
        available after fitting on labels.
    y_offset_ : ndarray of shape () or (n_outputs,)
        What is subtracted from `y` before training: the mean of each output. Only available after
        fitting on numbers.
    y_scale_ : ndarray of shape () or (n_outputs,)
        What `y` is then divided by, the unit of each output in training: the standard deviation.
        Only available after fitting on numbers.
    out_activation_ : "identity"
        Function from the outputs of the network to predictions in units of `y_scale_`. Only
        available after fitting on numbers.

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
    RNNTextRegressor : Predicts numbers from documents.
    SequenceVectorizer : Converts text to token ids.
    SubwordVectorizer : Converts text to ids of subwords.
    RNNLanguageModel : Learns from text without labels what `pretrained` starts from.
    WordVectors : Vectors that words can start from.
    sklearn.decomposition.TruncatedSVD : Document vectors from word counts, without `y`.

    Notes
    -----
    The vectors of the training documents reveal more of `y` than those of new documents do. To
    judge an estimator trained on the vectors, cross-validate the whole pipeline.

    The result for a document does not depend on the other documents. An empty document is read as a
    single unknown token. Token ids larger than any in `fit` are read as the unknown token.

    When `fit` is interrupted from the keyboard, the estimator keeps the best weights reached so far
    and issues a :class:`~sklearn_rnn.exceptions.FitInterruptedWarning`; a search or a
    cross-validation scores it like any other fit and continues. The estimator is left unchanged by
    an interrupt before the first step, by an interrupted `partial_fit`, which raises
    KeyboardInterrupt, and by an error.

    After `partial_fit`, the estimator also holds the state of the optimizer, so it takes more
    memory, and more space when pickled.

    Any number of Python threads may use an estimator while one of them trains it: each sees a whole
    model, the one before or the one after. See :ref:`threads`.

    References
    ----------
    - Hochreiter, S. and Schmidhuber, J., "Long short-term memory", Neural Computation 9 (1997).
    - Xu, K. et al., "Show, attend and tell: neural image caption generation with visual attention",
      ICML (2015).
    - Howard, J. and Ruder, S., "Universal language model fine-tuning for text classification", ACL
      (2018).
    - Gal, Y. and Ghahramani, Z., "A theoretically grounded application of dropout in recurrent
      neural networks", NIPS (2016).
    - Smith, L. N. and Topin, N., "Super-convergence: very fast training of neural networks using
      large learning rates" (2018), https://arxiv.org/abs/1708.07120.
    - Tallec, C. and Ollivier, Y., "Can recurrent neural networks warp time?", ICLR (2018).

    Examples
    --------
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_rnn import RNNTextEncoder
    >>> X = ["good, not bad", "bad, not good"] * 20
    >>> y = ["praise", "complaint"] * 20
    >>> encoder = RNNTextEncoder(hidden_size=8, max_epochs=5, random_state=0)
    >>> model = make_pipeline(encoder, KNeighborsClassifier()).fit(X, y)
    >>> model.predict(["good, not bad", "bad, not good"])
    array(['praise', 'complaint'], dtype='<U9')
    >>> model[0].get_feature_names_out()[:2]
    array(['rnntextencoder0', 'rnntextencoder1'], dtype=object)
    """

    _parameter_constraints: dict = {
        **BaseRNNText._parameter_constraints,
        "loss": [StrOptions({"auto", "log_loss", "squared_error"})],
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
        "class_weight": [dict, list, StrOptions({"balanced"}), None],
    }
    del _parameter_constraints["wide_weight"], _parameter_constraints["wide_ngrams"]

    _targets = (LabelTarget, NumberTarget)

    # The wide path has no vectors of documents.
    wide_weight = 0
    wide_ngrams = 1

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
        dropout=0.5,
        word_dropout=0.2,
        recurrent_dropout=0.0,
        variational_dropout=False,
        zoneout=0.0,
        attention_penalty=0.0,
        label_smoothing=0.05,
        weight_decay=0.01,
        loss="auto",
        class_weight=None,
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
        self.dropout = dropout
        self.word_dropout = word_dropout
        self.recurrent_dropout = recurrent_dropout
        self.variational_dropout = variational_dropout
        self.zoneout = zoneout
        self.attention_penalty = attention_penalty
        self.label_smoothing = label_smoothing
        self.weight_decay = weight_decay
        self.loss = loss
        self.class_weight = class_weight
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
        y=None,
        sample_weight=None,
        *,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
        X_unlabelled=None,
    ):
        """Fit the network to documents and their labels or numbers.

        Parameters
        ----------
        X : iterable of str, or {sparse matrix, array-like} of shape (n_samples, n_positions)
            The documents: raw text or lists of tokens, in any container that
            :class:`SequenceVectorizer` accepts, or token ids as it returns them, padded with 0 if
            dense.

        y : array-like of shape (n_samples,) or {array-like, sparse matrix} of shape \
                (n_samples, n_labels), default=None
            The labels, all of one sortable type; or an indicator matrix of 0 and 1 with a column
            for each label, such as :class:`~sklearn.preprocessing.MultiLabelBinarizer` returns; or
            numbers, in one column or more. Required: None is refused.

        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each document in the loss: one of weight 2 counts as two of weight 1. None
            gives every document the weight 1.

        X_val : like `X`, default=None
            Documents to score after each epoch. Only allowed if `early_stopping` is True. In a
            pipeline, ``Pipeline(..., transform_input=["X_val"])`` transforms them as it does `X`.

        y_val : like `y`, default=None
            Labels or numbers of these documents. Labels must be among those of `y`.

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
        self : RNNTextEncoder
            The fitted encoder.

        Raises
        ------
        ValueError
            If documents, labels or numbers are missing or invalid, if there are fewer than two
            classes, if the loss or the weights become infinite or NaN, or if the validation score
            is NaN in every epoch.
        OSError
            If `embedding` is the path of a file that does not exist or cannot be read.
        RuntimeError
            If `kernels` is True, and there are neither compiled kernels nor a C++ compiler.
        """
        return self._fit(X, y, sample_weight, X_val, y_val, sample_weight_val, X_unlabelled)

    @_fit_context(prefer_skip_nested_validation=False)
    def partial_fit(self, X, y=None, classes=None, sample_weight=None):
        """Learn from another chunk of documents, in one pass over it.

        The first chunk decides whether `y` holds labels or numbers, and what the unit of numbers
        is, so it should contain enough documents.

        The vocabulary grows with the chunks: new words get new vectors. The optimizer keeps its
        state between chunks. The learning rate is `lr`, which may be changed between chunks; other
        changes of parameters take effect at the next `fit`. `lr_schedule`, `max_epochs` and
        the parameters of early stopping are ignored.

        After `fit`, training continues from its weights and its vocabulary. `fit` starts over,
        unless `warm_start` is True. If an error is raised or training is interrupted, the
        estimator stays as it was before the call. The same holds, with a `ConvergenceWarning`, if
        the loss or the weights become infinite or NaN in a later chunk.

        Parameters
        ----------
        X : iterable of str, or {sparse matrix, array-like} of shape (n_samples, n_positions)
            The documents of the chunk: raw text or token ids, as in the first call. A `vectorizer`
            without `partial_fit` learns its vocabulary from the first chunk only.

        y : array-like of shape (n_samples,) or {array-like, sparse matrix} of shape \
                (n_samples, n_labels), default=None
            The labels, not necessarily of all classes, an indicator matrix, or numbers, as in
            `fit`. Required.

        classes : array-like of shape (n_classes,), default=None
            All classes that occur in any chunk. Required in the first call if `y` holds labels,
            optional later. Always optional with an indicator matrix, which has a column for each
            class. Must be None if `y` holds numbers.

        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each document in the loss, compared with documents of all chunks. None gives
            every document the weight 1.

        Returns
        -------
        self : RNNTextEncoder
            The encoder.

        Raises
        ------
        ValueError
            If `classes` is missing in the first call or differs from that of an earlier call, if
            `y` contains another class or changes between labels and numbers, with
            ``early_stopping=True`` or ``class_weight="balanced"``, or as in `fit`.
        """
        return self._partial_fit(X, y, sample_weight, classes)

    def transform(self, X):
        """Encode each document as a vector.

        Parameters
        ----------
        X : iterable of str, or {sparse matrix, array-like} of shape (n_samples, n_positions)
            The documents, as in `fit`.

        Returns
        -------
        vectors : ndarray of float32 of shape (n_samples, n_features_out)
            The document vectors, from before the linear layer that predicts `y`.
        """
        with self._reading():
            return self._outputs(X, self.module_.encode)

    @property
    def _n_features_out(self):
        return self.module_.head.in_features

    def _choose_target(self, y, known):
        if known:
            return target_of(self._targets, known)
        if self.loss != "auto":
            return LabelTarget if self.loss == "log_loss" else NumberTarget
        is_number = y is not None and type_of_target(y, input_name="y").startswith("continuous")
        return NumberTarget if is_number else LabelTarget

    def _make_predictor(self, learned):
        is_label = target_of(self._targets, learned) is LabelTarget
        predictor = (RNNTextClassifier if is_label else RNNTextRegressor)(n_jobs=self.n_jobs)
        predictor.__dict__.update(learned)
        return predictor

    def _check_learned(self):
        super()._check_learned()
        if not isinstance(self.module_, SequenceNetwork):
            raise ValueError("the network has no vectors of documents")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        tags.transformer_tags.preserves_dtype = []
        return tags
