"""RNNTokenClassifier: sentences to a tag for each of their tokens."""

import os
from copy import copy
from functools import partial
from numbers import Integral

import numpy as np
from sklearn.utils import check_random_state

from sklearn_rnn._pretraining.given import given_models, language_source, read_by_model
from sklearn_rnn._pretraining.starts_from_models import PRETRAINED_CONSTRAINTS, StartsFromModels
from sklearn_rnn._pretraining.unlabelled import as_reusable, models_to_start_from
from sklearn_rnn._sklearn_compat import Interval, StrOptions, _fit_context
from sklearn_rnn._tagging.fit_net import fit_net
from sklearn_rnn._tagging.known_words import know_table_words
from sklearn_rnn._tagging.net import TaggingNet
from sklearn_rnn._tagging.reading import (
    check_any_token_weight,
    check_crf_params,
    hold_out_sentences,
    read_tagged,
    weigh_tags,
)
from sklearn_rnn._tagging.scoring import SentenceScorer
from sklearn_rnn._tagging.sentences import read_by, read_sentences
from sklearn_rnn._tagging.spelling import find_characters
from sklearn_rnn._tagging.stream import trained_on_sentences
from sklearn_rnn._tagging.tags_sentences import TagsSentences
from sklearn_rnn._text.vocabulary import FIRST_ID
from sklearn_rnn._training.base_model import BaseRNN
from sklearn_rnn._training.checkpoints import check_can_resume
from sklearn_rnn._training.growth import check_known_ids
from sklearn_rnn._training.make_network import count_ids
from sklearn_rnn._training.model_lock import lock_of
from sklearn_rnn._training.start_embedding import find_start, n_found
from sklearn_rnn._training.stream import check_no_early_stopping, skipping_a_diverged_chunk
from sklearn_rnn._training.validation import check_validation_given
from sklearn_rnn._training.vectorize import extend_vectorizer, fit_vectorizer, start_vectorizer
from sklearn_rnn._word_vectors import WordVectors

_SCORERS = ("span_f1", "span_precision", "span_recall", "token_accuracy")


class RNNTokenClassifier(TagsSentences, StartsFromModels, BaseRNN):
    """Tag each token of a sentence with a recurrent neural network.

    The tags can be parts of speech, slots of a command, or "B-PER", "I-PER" and "O" for the
    beginning, the inside and the outside of a named entity, see `predict_spans`.

    Each token becomes a vector: that of its word, what a small recurrent layer reads in its
    characters, its first and last characters up to three, and its shape, such as capitals and
    digits. So words that never occurred in training are tagged by their spelling. Recurrent layers
    read the vectors in both directions, and from their states a linear layer computes a score for
    each tag. A conditional random field (CRF) finds the best sequence of tags, see `crf`.

    Training runs on PyTorch through skorch, in batches of sentences of similar length. Nothing is
    computed on padding.

    The parameters come in groups: those to set first, what the network starts from, its layers,
    regularisation, training, and computing.

    Parameters
    ----------
    vectorizer : transformer or None, default=None
        Turns text or tokens into token ids. It is cloned and fitted as `vectorizer_`. None is a
        :class:`SequenceVectorizer` with its default settings. Ignored if `fit` is given token ids.
    embedding : WordVectors, str, path-like, ndarray of shape (n_ids, n_features) or None, \
            default="auto"
        Word vectors to start from, learned elsewhere on more text; the fewer sentences there are,
        the more they help. "glove" is the English table that ships with the package; "auto" uses it
        if it has most of the words, otherwise no vectors. Pass your own as a :class:`WordVectors`
        or as the path of a file that it reads. All of these need text or tokens; without them,
        "auto" uses none. With token ids, or a fixed `vocabulary`, pass an array: row i is the
        vector of token id i, zeros if it has none. With None, all vectors start from random values.
        Ignored with a fitted language model. In `fit`, the vocabulary also takes the words that
        only the table has, up to 100,000, so that the model knows them in other sentences. It does
        not if the `vectorizer` has a `vocabulary` or left words out, nor for a file, of which only
        the words in `X` are read. See :doc:`/user_guide/pretrained_embeddings`.
    max_epochs : int or "auto", default="auto"
        Number of passes over the sentences; with `early_stopping`, the largest number. "auto" is 2
        million divided by the number of tokens, but at least 8 and at most 30. Ignored by
        `partial_fit`, which makes one pass.

    freeze_embedding : bool, int or "auto", default="auto"
        Whether the word vectors stay as they are while the rest of the network learns: always,
        never, or for this many epochs or calls of `partial_fit`. "auto" is two epochs of `fit`, but
        at most half of `max_epochs`, and none of `partial_fit`. Words without a vector are frozen
        too. Ignored without `embedding`, and with a language model.
    pretrained : RNNLanguageModel, FrozenEstimator, tuple of these or None, default=None
        Language model of words to start from: its token vectors and recurrent layers, learned from
        text without tags. The fewer tags there are, the more it helps. Pass a fitted
        :class:`RNNLanguageModel`, or two for both directions, one of them fitted with
        ``reverse=True``. The estimator takes over its vectorizer, `cell`, `activation`,
        `num_layers`, `hidden_size` and token vectors, so leave these parameters at their defaults.
        What reads how words are spelled starts from random weights. An unfitted model has the
        parameters of those that `fit` trains on `X_unlabelled`. To try several in a search, put
        each into a :class:`~sklearn.frozen.FrozenEstimator`. Ignored when training continues. See
        :doc:`/user_guide/pretraining`.
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
    char_embedding_dim : int, default=32
        Number of features of a character. Ignored if `fit` is given token ids, as they have no
        characters.
    char_hidden_size : int, default=32
        Number of units, in each direction, of the recurrent layer that reads the characters of a
        word. Ignored if `fit` is given token ids.
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
    num_layers : int, default=2
        Number of recurrent layers. Each reads the states of the layer below.
    hidden_size : int, default=128
        Number of units of a recurrent layer, in each direction.
    residual : bool, default=True
        Whether each layer above the first adds its states to those it reads, which helps most when
        there are few sentences, also with the layers of a language model. Ignored by a Grid LSTM.
    recurrent_init : {"orthogonal", "identity", "uniform"} or None, default=None
        How to initialise the state-to-state weights. None leaves it to the cell; those of this
        package use "orthogonal". "identity" with ``cell="rnn", activation="relu"`` gives an IRNN.
        Ignored by cells without state-to-state matrices.
    forget_bias : float, "chrono" or None, default=None
        Initial bias of the gate that keeps the memory: the larger, the longer an untrained cell
        remembers. "chrono" draws a bias for each unit, for memories of one step up to the length of
        the longest sentence (Tallec and Ollivier, 2018). None leaves it to the cell: 1 for LSTMs, 0
        for others. Ignored by cells without such a gate.
    crf : bool, default=True
        Whether a linear-chain conditional random field scores neighbouring tags together (Lafferty
        et al., 2001), so that the whole sequence of tags is predicted at once. If False, each tag
        is predicted on its own, given the sentence.
    constraints : {"bio"} or None, default=None
        Rules that predicted tags must obey. "bio" allows the tag "I-x" only after "B-x" or "I-x".
        Training tags must obey them too. Needs ``crf=True``.

    dropout : float in range [0.0, 1.0), default=0.5
        Fraction of the features that are set to zero in training, before the first recurrent layer,
        between recurrent layers and before the output layer.
    word_dropout : float in range [0.0, 1.0) or "auto", default="auto"
        Fraction of the tokens that are replaced by the unknown token in training. Their characters
        stay, so that the network learns to tag words that it does not know. "auto" is 0.1 if words
        start from vectors or from a language model, and 0.25 otherwise.
    affix_dropout : float in range [0.0, 1.0), default=0.25
        Fraction of the words whose prefixes and suffixes are hidden in training. Their characters
        stay, so that the network does not learn the tags of rare affixes by heart.
    recurrent_dropout : float in range [0.0, 1.0), default=0.0
        Fraction of the state-to-state weights that are set to zero in training, redrawn for each
        batch or part of a batch. Ignored by cells without such weights.
    variational_dropout : bool, default=False
        Whether to drop the same features at all tokens of a sentence (Gal and Ghahramani, 2016). It
        applies to `dropout` between the layers and to `recurrent_dropout`, which then drops units
        of the state instead of weights. Together with the latter, cells run step by step, which is
        slower, and must read their state through weights only, as "rnn" and the LSTMs do.
    zoneout : float in range [0.0, 1.0), default=0.0
        Probability that a unit of a cell keeps its previous value at a step in training. Above 0,
        cells run step by step, which is slower.
    weight_decay : float, default=0.01
        How strongly the optimizer pulls weights towards zero, if it has weight decay.

    class_weight : dict, "balanced" or None, default=None
        Weight of each tag in the loss. "balanced" weighs tags inversely to their frequency. A dict
        gives weights by tag; tags that it does not name have weight 1. With ``crf=True``, the loss
        of a sentence is that of all its tags together, and its weight is the mean of theirs.
    optimizer : {"adamw", "adam", "nadam", "rmsprop", "adagrad", "sgd"} or callable, default="adamw"
        The optimizer. "adamw" updates only the embedding rows of tokens in the batch, so a large
        vocabulary costs little. A callable is a class, such as those in :mod:`torch.optim`, or a
        :func:`functools.partial` of one. Pass further arguments in `skorch_params`, such as
        ``{"optimizer__betas": (0.9, 0.99)}``.
    lr : float, default=4e-3
        Learning rate, the highest one if `lr_schedule` varies it.
    lr_schedule : {"onecycle", "cosine", "linear", "constant"}, default="onecycle"
        How the learning rate changes during training. "onecycle" raises it to `lr` in the first
        quarter and then lowers it to zero. "cosine" lowers it from `lr` to zero along half a
        cosine, "linear" in a straight line. "constant" keeps it. Ignored by `partial_fit`.
    clip_grad_norm : float or None, default=1.0
        Largest norm of the gradient in a step. Larger ones are scaled down to it, because gradients
        can explode through time. None disables clipping.
    batch_size : int or "auto", default="auto"
        Number of sentences in a training batch. "auto" is 16.
    early_stopping : bool, default=False
        Whether to stop training when the validation score has not improved by more than `tol` for
        `n_iter_no_change` epochs, and to keep the weights of the best epoch. The validation
        sentences are the `X_val` given to `fit`, or else `validation_fraction` of `X`.
    scoring : {"loss", "span_f1", "span_precision", "span_recall", "token_accuracy"}, callable or \
            None, default=None
        Score for early stopping: the name of a scorer of :func:`sklearn_rnn.metrics.get_scorer`;
        "loss" for the negative loss; or a callable ``scorer(estimator, X, y)``, which is given the
        sentences as they were passed and their tags as lists. None is the share of tokens whose tag
        is right. Only used with `early_stopping`.
    validation_fraction : float in range (0.0, 1.0), default=0.1
        Fraction of the sentences to set aside for validation. Only used with `early_stopping` and
        without `X_val`.
    n_iter_no_change : int, default=3
        Number of epochs without improvement before training stops. Only used with `early_stopping`.
    tol : float, default=0.0
        How much the score must rise to count as an improvement. Only used with `early_stopping`.
    warm_start : bool, default=False
        Whether `fit` continues from the weights, the vocabulary and the tags of the previous fit,
        instead of starting over, for example after an interrupt. The network must have the same
        shape. The learning-rate schedule and the optimizer start again.
    checkpoint : str, path-like or None, default=None
        File in which `fit` keeps the state of training, about once a minute. If the process is
        killed, `fit` with the same arguments resumes from there and ends with the weights of an
        undisturbed run, to the bit. In a folder, each fit has a file of its own, which a search
        needs. `random_state` must be an int. Ignored by `partial_fit`. See :ref:`checkpoints`.
    random_state : int, RandomState instance or None, default=None
        Controls the initial weights, the order of the sentences, dropout and which sentences are
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
        The tags, sorted.
    characters_ : str or None
        The characters that the network knows, in the order of their ids: those of at least two
        different words in training. None after fitting on token ids.

    vectorizer_ : transformer or None
        The fitted vectorizer, None after fitting on token ids.
    embedding_source_ : str or None
        Where the word vectors came from: "glove", the path of a file, "WordVectors", "array", or
        "RNNLanguageModel" after pretraining. None if all were random.
    embedding_coverage_ : dict of str to float, or None
        Share of the "tokens" in the training sentences, and of the different "words" in them, that
        have a vector in `embedding` or in the language model; after `partial_fit`, in its last
        chunk. None if there was neither.

    net_ : skorch.NeuralNet
        The trained skorch net.
    module_ : torch.nn.Module
        The trained network.

    history_ : skorch.history.History
        What skorch recorded in each epoch, or in each of the last 32 chunks given to `partial_fit`.
    n_iter_ : int
        Number of epochs of the last fit, 1 after `partial_fit`.
    t_ : int
        Number of sentences seen in training that are not empty; each counts once per epoch.
    loss_curve_ : list of float
        Training loss of each epoch, and of each chunk given to `partial_fit`: the mean negative
        log-likelihood of a token, with dropout.
    validation_scores_ : list of float or None
        Score of the validation sentences after each epoch; higher is better. None without early
        stopping.
    best_validation_score_ : float or None
        The highest validation score, whose weights were kept. None without early stopping.

    See Also
    --------
    RNNTextClassifier : Classifies whole documents.
    RNNLanguageModel : Learns from text without tags what `pretrained` starts from.
    SequenceVectorizer : Converts text to token ids.

    Notes
    -----
    The result for a sentence does not depend on the other sentences. An empty sentence has no tags.
    Token ids larger than any in `fit` are read as the unknown token.

    To scikit-learn the estimator is not a classifier, because `y` holds a list for each sentence.
    So :func:`~sklearn.model_selection.cross_val_score` splits sentences at random, not by class.

    When `fit` is interrupted from the keyboard, the estimator keeps the best weights reached so far
    and issues a :class:`~sklearn_rnn.exceptions.FitInterruptedWarning`; a search or a
    cross-validation scores it like any other fit and continues. The estimator is left unchanged by
    an interrupt before the first step, by an interrupted `partial_fit`, which raises
    KeyboardInterrupt, and by an error.

    Any number of Python threads may use an estimator while one of them trains it: each sees a whole
    model, the one before or the one after. See :ref:`threads`.

    References
    ----------
    - Lample, G. et al., "Neural architectures for named entity recognition", NAACL (2016).
    - Lafferty, J., McCallum, A. and Pereira, F., "Conditional random fields: probabilistic models
      for segmenting and labeling sequence data", ICML (2001).
    - Howard, J. and Ruder, S., "Universal language model fine-tuning for text classification", ACL
      (2018).
    - Gal, Y. and Ghahramani, Z., "A theoretically grounded application of dropout in recurrent
      neural networks", NIPS (2016).
    - Tallec, C. and Ollivier, Y., "Can recurrent neural networks warp time?", ICLR (2018).

    Examples
    --------
    >>> from sklearn_rnn import RNNTokenClassifier
    >>> X = [["fly", "to", "Oslo"], ["from", "Rome", "to", "New", "York"]] * 20
    >>> y = [["O", "O", "B-CITY"], ["O", "B-CITY", "O", "B-CITY", "I-CITY"]] * 20
    >>> tagger = RNNTokenClassifier(max_epochs=5, random_state=0).fit(X, y)
    >>> tagger.predict([["to", "Rome"]])[0]
    ['O', 'B-CITY']
    >>> [span.text for span in tagger.predict_spans([["from", "New", "York"]])[0]]
    ['New York']
    """

    _parameter_constraints: dict = {
        **BaseRNN._parameter_constraints,
        "bidirectional": ["boolean"],
        "embedding": [WordVectors, str, os.PathLike, np.ndarray, None],
        "freeze_embedding": [
            StrOptions({"auto"}),
            "boolean",
            Interval(Integral, 1, None, closed="left"),
        ],
        **PRETRAINED_CONSTRAINTS,
        "char_embedding_dim": [Interval(Integral, 1, None, closed="left")],
        "char_hidden_size": [Interval(Integral, 1, None, closed="left")],
        "residual": ["boolean"],
        "word_dropout": [StrOptions({"auto"}), *BaseRNN._parameter_constraints["word_dropout"]],
        "affix_dropout": BaseRNN._parameter_constraints["word_dropout"],
        "crf": ["boolean"],
        "constraints": [StrOptions({"bio"}), None],
        "scoring": [StrOptions({"loss", *_SCORERS}), callable, None],
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    _learned_constraints: dict = {
        "net_": [TaggingNet],
        **BaseRNN._learned_constraints,
        "classes_": [np.ndarray],
        "characters_": [str, None],
        "embedding_source_": [str, None],
        "embedding_coverage_": [dict, None],
    }

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
        char_embedding_dim=32,
        char_hidden_size=32,
        cell="lstm",
        activation="tanh",
        bidirectional=True,
        num_layers=2,
        hidden_size=128,
        residual=True,
        recurrent_init=None,
        forget_bias=None,
        crf=True,
        constraints=None,
        dropout=0.5,
        word_dropout="auto",
        affix_dropout=0.25,
        recurrent_dropout=0.0,
        variational_dropout=False,
        zoneout=0.0,
        weight_decay=0.01,
        class_weight=None,
        optimizer="adamw",
        lr=4e-3,
        lr_schedule="onecycle",
        clip_grad_norm=1.0,
        batch_size="auto",
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
        self.char_embedding_dim = char_embedding_dim
        self.char_hidden_size = char_hidden_size
        self.cell = cell
        self.activation = activation
        self.bidirectional = bidirectional
        self.num_layers = num_layers
        self.hidden_size = hidden_size
        self.residual = residual
        self.recurrent_init = recurrent_init
        self.forget_bias = forget_bias
        self.crf = crf
        self.constraints = constraints
        self.dropout = dropout
        self.word_dropout = word_dropout
        self.affix_dropout = affix_dropout
        self.recurrent_dropout = recurrent_dropout
        self.variational_dropout = variational_dropout
        self.zoneout = zoneout
        self.weight_decay = weight_decay
        self.class_weight = class_weight
        self.optimizer = optimizer
        self.lr = lr
        self.lr_schedule = lr_schedule
        self.clip_grad_norm = clip_grad_norm
        self.batch_size = batch_size
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
        """Fit the model to sentences and their tags.

        Parameters
        ----------
        X : iterable of sequences of str, iterable of str, or {sparse matrix, array-like} of shape \
                (n_samples, n_positions)
            The sentences: lists of tokens; texts, which the vectorizer splits; or token ids, padded
            with 0 if dense.

        y : sequence of sequences of str or int
            The tags: for each sentence a list with a tag for each of its tokens.

        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sentence in the loss. None weighs all equally.

        X_val : like `X`, default=None
            Sentences to score after each epoch. Only allowed if `early_stopping` is True.

        y_val : like `y`, default=None
            Tags of these sentences, which must be among those of `y`. Required with `X_val`.

        sample_weight_val : array-like of shape (n_val_samples,), default=None
            Weight of each of these sentences in the score. None weighs all equally.

        X_unlabelled : like `X`, default=None
            Further sentences, without tags, or texts. `fit` first trains a language model on them
            and on `X`, one for each direction, and the network starts from it. The models have the
            vectorizer, the cell, the sizes and the `embedding` of this estimator; two models share
            its `embedding_dim`. Without a vectorizer, they read words that occur in two sentences
            or more, and train for 5 epochs. To change that, set `pretrained` to an unfitted
            :class:`RNNLanguageModel`. Ignored when training continues.

        Returns
        -------
        self : RNNTokenClassifier
            The fitted model.

        Raises
        ------
        ValueError
            If sentences or tags are missing or invalid, if the numbers of tags and tokens of a
            sentence differ, if there is no token to learn from, if the loss or the weights become
            infinite or NaN, or if the network cannot start from the language models.
        TypeError
            If `y` is not a list of tags for each sentence.
        OSError
            If `embedding` is the path of a file that does not exist or cannot be read.
        RuntimeError
            If `kernels` is True, and there are neither compiled kernels nor a C++ compiler.
        """
        return self._fit(X, y, sample_weight, X_val, y_val, sample_weight_val, X_unlabelled)

    def _fit(self, X, y, sample_weight, X_val, y_val, sample_weight_val, X_unlabelled):
        check_crf_params(self)
        check_can_resume(self)
        check_validation_given(self, X_val, y_val, sample_weight_val)
        X, X_val = as_reusable(X), as_reusable(X_val)
        is_warm = self.warm_start and hasattr(self, "net_")
        model = copy(self) if is_warm else None  # a consistent copy, as another thread may learn
        make_ids, source = partial(fit_vectorizer, estimator=self), None
        if model is None:
            if X_unlabelled is not None:
                self._check_tags(X, y, sample_weight, X_val, y_val, sample_weight_val)
            models = models_to_start_from(self, X, X_unlabelled, X_val)
            make_ids, source = self._reading_by(models, make_ids)
        read = self._read_training(X, y, sample_weight, model, make_ids, source)
        train, vectorizer, learned, start = read
        tag_weight = weigh_tags(train, self, learned["classes_"])
        split_seed, *seeds = check_random_state(self.random_state).randint(
            np.iinfo(np.int32).max, size=3
        )
        valid = score = None
        if X_val is not None:
            read = partial(read_by, vectorizer=vectorizer, estimator=self, name="X_val")
            valid, _ = read_tagged(
                read(X_val), y_val, sample_weight_val, self, learned["classes_"], "_val"
            )
        elif self.early_stopping:
            train, valid = hold_out_sentences(train, self, split_seed)
        if valid is not None:
            check_any_token_weight(self, valid, tag_weight, "set aside for early stopping")
            if self.scoring != "loss":
                score = SentenceScorer(self, {**learned, "vectorizer_": vectorizer}, valid)
        check_any_token_weight(self, train, tag_weight, "to train on")
        net = fit_net(
            self,
            train,
            valid,
            learned,
            max(count_ids(train.sentences.X, vectorizer), n_found(start))
            if model is None
            else model.net_.module_.embedding.table.num_embeddings,
            tag_weight=tag_weight,
            score=score,
            seeds=seeds,
            previous=None if model is None else model.net_.module_,
            start=start,
        )
        lock_of(self).write(self._take_over, net, vectorizer, learned, net.history, is_warm)
        return self

    def _check_tags(self, X, y, sample_weight, X_val, y_val, sample_weight_val):
        """Refuse input that does not fit together now, rather than after the pretraining."""
        models = given_models(self)
        reader = copy(self)
        if models and models[0].vectorizer is not None:
            reader.vectorizer = models[0].vectorizer
        make_ids = partial(fit_vectorizer, estimator=reader)
        sentences, _ = read_sentences(X, make_ids, self)
        _, classes = read_tagged(sentences, y, sample_weight, self)
        if X_val is not None:
            sentences, _ = read_sentences(X_val, make_ids, self, "X_val")
            read_tagged(sentences, y_val, sample_weight_val, self, classes, "_val")

    def _reading_by(self, models, make_ids):
        """Return what makes token ids and what the network starts from, given any models."""
        if not models:
            return make_ids, None
        source = language_source(self, models)
        return partial(read_by_model, model=models[0], estimator=self), source

    def _read_training(self, X, y, sample_weight, model, make_ids, source):
        """Return the training data, its vectorizer, what is learned from it, and the start."""
        if model is not None:
            vectorizer, start = model.vectorizer_, None
            sentences = read_by(X, vectorizer, self)
            check_known_ids(sentences.X, model.net_.module_)
            train, _ = read_tagged(sentences, y, sample_weight, self, model.classes_)
            names = "classes_", "characters_", "embedding_source_", "embedding_coverage_"
            return train, vectorizer, {name: getattr(model, name) for name in names}, start
        sentences, vectorizer = read_sentences(X, make_ids, self)
        train, classes = read_tagged(sentences, y, sample_weight, self)
        if source is None:
            start = find_start(self, self.embedding, sentences.X, vectorizer)
            start = know_table_words(start, self, sentences.X, vectorizer)
        else:
            start = source.start(count_ids(sentences.X, vectorizer))
        characters = None
        if sentences.tokens is not None:
            characters = find_characters(sentences.distinct_words()[0])
        learned = {"classes_": classes, "characters_": characters}
        return train, vectorizer, {**learned, **_describe(start, sentences.X)}, start

    @_fit_context(prefer_skip_nested_validation=False)
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Learn from another chunk of sentences, in one pass over it.

        The vocabulary and the alphabet grow with the chunks. The optimizer keeps its state between
        chunks. The learning rate is `lr`, which may be changed between chunks; other changes of
        parameters take effect at the next `fit`. `lr_schedule`, `max_epochs` and the
        parameters of early stopping are ignored.

        After `fit`, training continues from its weights and its vocabulary. `fit` starts over,
        unless `warm_start` is True. If an error is raised or training is interrupted, the
        estimator stays as it was before the call. If the loss or the weights become infinite or
        NaN in a chunk after the first, it also stays as it was, with a
        :class:`~sklearn.exceptions.ConvergenceWarning`.

        Parameters
        ----------
        X : iterable of sequences of str, iterable of str, or {sparse matrix, array-like} of shape \
                (n_samples, n_positions)
            The sentences of the chunk: tokens, texts or token ids, as in the first call. A
            `vectorizer` without `partial_fit` learns its vocabulary from the first chunk only.

        y : sequence of sequences of str or int
            The tags, not necessarily all of them.

        classes : array-like of shape (n_classes,), default=None
            All tags that occur in any chunk. Required in the first call, optional later.

        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sentence in the loss. None weighs all equally.

        Returns
        -------
        self : RNNTokenClassifier
            The model.

        Raises
        ------
        ValueError
            If `classes` is missing in the first call or differs from that of an earlier call, if
            `y` contains another tag, with ``early_stopping=True``, or as in `fit`.
        """
        check_crf_params(self)
        check_no_early_stopping(self)
        return lock_of(self).write(self._learn_chunk, X, y, classes, sample_weight)

    def _learn_chunk(self, X, y, classes, sample_weight):
        is_first, source = not hasattr(self, "net_"), None
        if is_first:
            models = models_to_start_from(self, X)
            read_first = partial(start_vectorizer, estimator=self)
            make_ids, source = self._reading_by(models, read_first)
        else:
            make_ids = partial(extend_vectorizer, vectorizer=self.vectorizer_, estimator=self)
        sentences, vectorizer = read_sentences(X, make_ids, self)
        known = None if is_first else self.classes_
        chunk, classes = read_tagged(
            sentences, y, sample_weight, self, known, stream_classes=classes, in_stream=True
        )
        characters = "" if is_first else self.characters_
        if sentences.tokens is None and characters == "":
            characters = None
        elif characters is not None:
            characters = find_characters(sentences.distinct_words()[0], characters)
        learned = {"classes_": classes, "characters_": characters}
        tag_weight = weigh_tags(chunk, self, classes, in_stream=True)
        check_any_token_weight(self, chunk, tag_weight, "to train on")
        with (
            skipping_a_diverged_chunk(self, stacklevel=8),
            trained_on_sentences(self, chunk, learned, tag_weight, vectorizer, source) as trained,
        ):
            net, epochs, start = trained
            learned |= _describe(start, sentences.X)
            self._take_over(net, vectorizer, learned, epochs, True)
        return self

    def _check_learned(self):
        """Raise an error of any type if what was read from a file is inconsistent."""
        module, characters = self.module_, self.characters_
        if len(self.classes_) != module.head.out_features:
            raise ValueError("the classes do not fit the network")
        if not np.array_equal(np.unique(self.classes_), self.classes_):
            raise ValueError("the classes are not sorted")
        if (characters is None) != (module.spelling is None):
            raise ValueError("characters need a network that reads them")
        if characters is not None and len(characters) + FIRST_ID != module.spelling.n_known:
            raise ValueError("the characters do not fit the network")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.target_tags.required = True
        tags.estimator_type = "token_classifier"
        return tags


def _describe(start, X):
    """Return the attributes that say which vectors the words started from."""
    return {
        "embedding_source_": None if start is None else start.source,
        "embedding_coverage_": None if start is None else start.coverage(X),
    }
