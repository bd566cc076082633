"""RNNTranslator: from one text to another, with attention."""

from copy import copy
from numbers import Integral, Real

import numpy as np
from sklearn.metrics import check_scoring, get_scorer_names
from sklearn.utils import check_consistent_length, check_random_state

from sklearn_rnn._sklearn_compat import (
    HasMethods,
    Interval,
    StrOptions,
    _fit_context,
    _safe_indexing,
)
from sklearn_rnn._text.join_words import check_spacing
from sklearn_rnn._training.base_model import BaseRNN
from sklearn_rnn._training.checkpoints import check_can_resume
from sklearn_rnn._training.documents import check_any_weight, check_weights
from sklearn_rnn._training.model_lock import lock_of
from sklearn_rnn._training.validation import check_validation_given
from sklearn_rnn._training.vectorize import vectorize
from sklearn_rnn._translation.data import PairData
from sklearn_rnn._translation.fit_net import fit_net
from sklearn_rnn._translation.net import TranslationNet
from sklearn_rnn._translation.pairs import (
    as_list,
    as_sources,
    fit_sources,
    fit_targets,
    hold_out_pairs,
    read_sources,
    read_targets,
    sizes_of,
    spacing_of,
    take,
)
from sklearn_rnn._translation.translate import check_copies
from sklearn_rnn._translation.translates import BEAM_CONSTRAINTS, Translates
from sklearn_rnn._translation.write import TargetWriter
from sklearn_rnn.modules._attention import ATTENTIONS


class RNNTranslator(Translates, BaseRNN):
    """Translate texts into other texts, with a recurrent network and attention.

    An encoder reads a source; a decoder writes the target token by token, and attends to the parts
    of the source that matter for each. Any pairs of sequences will do: sentences and their
    translations, spellings and pronunciations, dates as people write them and as ISO 8601 has them.
    Each side has a vectorizer of its own, so one can read characters and the other write words.

    A source may also be rows of vectors, such as the patches of a picture. The decoder then
    describes it (Show, Attend and Tell; Xu et al., 2015).

    Training runs on PyTorch through skorch, on batches of targets of similar length. The decoder
    reads the true target (teacher forcing), all of it at once unless `input_feeding` is True.

    The parameters come in groups: those to set first, the network, regularisation, training, how
    `predict` writes, and computing.

    Parameters
    ----------
    source_vectorizer : transformer or None, default=None
        Turns the sources into token ids. It is cloned and fitted as `source_vectorizer_`. None
        reads words and punctuation, by ``SequenceVectorizer(lowercase=False)``. Pass
        ``SequenceVectorizer(analyzer="char", lowercase=False)`` to read characters, or a
        :class:`SubwordVectorizer` for subwords. Ignored if sources are token ids or rows of
        vectors.
    target_vectorizer : transformer or None, default=None
        Turns the targets into token ids, and what is predicted back into text. It is cloned and
        fitted as `target_vectorizer_`. None writes words and punctuation, as for
        `source_vectorizer`. Characters and subwords can write words that no target had. The
        vectorizer needs the token of each id as `tokens_`.
    hidden_size : int, default=128
        Number of units of a recurrent layer, in each direction.
    max_epochs : int or "auto", default="auto"
        Number of passes over the pairs; with `early_stopping`, the largest number. "auto" is 10
        million divided by the number of tokens of the targets, but at least 5 and at most 30.

    embedding_dim : int or "auto", default="auto"
        Number of features of a token vector, on both sides. "auto" is 64 for up to 512 token ids,
        as characters have, and 128 for more.
    cell : str or callable, default="lstm"
        The recurrent cell: "lstm" (long short-term memory), "gru" (gated recurrent unit), "rnn"
        (the plain cell) or another of those in :doc:`/user_guide/cells`. A callable
        ``cell(input_size, hidden_size)`` builds a cell of your own, such as a subclass of
        :class:`~sklearn_rnn.modules.RecurrentCell`, or a module that computes one step, such as
        :class:`torch.nn.GRUCell`.
    activation : {"tanh", "relu", "sigmoid"}, default="tanh"
        Activation of the plain cell. Ignored unless ``cell="rnn"``.
    bidirectional : bool, default=True
        Whether to read sources also backwards, with a second cell; the two states are concatenated.
        Ignored for rows of vectors.
    num_layers : int, default=1
        Number of recurrent layers of encoder and decoder. Each reads the states of the layer below.
    attention : {"general", "additive", "dot"}, default="general"
        How a state q of the decoder is compared with a state k of the source. "general" multiplies
        them with weights between, ``q @ W @ k`` (Luong et al., 2015). "additive" is a small
        network, ``v @ tanh(W @ q + U @ k)`` (Bahdanau et al., 2015), and slower. "dot" multiplies
        them directly; the states of both directions are added up for that.
    input_feeding : bool, default=False
        Whether the decoder also reads, at each step, the state that it predicted the last token
        from, and so knows what it has attended to (Luong et al., 2015). The decoder then runs step
        by step in training, which is slower.
    tie_weights : bool, default=False
        Whether the output layer uses the token vectors of the target as its weights (Press and
        Wolf, 2017). That saves weights with a large vocabulary. If `hidden_size` and
        `embedding_dim` differ, a linear layer leads from one to the other.
    recurrent_init : {"orthogonal", "identity", "uniform"} or None, default=None
        How to initialise the state-to-state weights. None leaves it to the cell; those of this
        package use "orthogonal". "identity" with ``cell="rnn", activation="relu"`` gives an IRNN.
        Ignored by cells without state-to-state matrices.
    forget_bias : float, "chrono" or None, default=None
        Initial bias of the gate that keeps the memory: the larger, the longer an untrained cell
        remembers. "chrono" draws a bias for each unit, for memories of one step up to the length of
        the longest text (Tallec and Ollivier, 2018). None leaves it to the cell: 1 for LSTMs, 0 for
        others. Ignored by cells without such a gate.

    dropout : float in range [0.0, 1.0), default=0.1
        Fraction of the features that are set to zero in training, between recurrent layers and
        before the output layer. Raise it if the validation score falls while the training loss
        still improves.
    word_dropout : float in range [0.0, 1.0), default=0.0
        Fraction of the tokens that are read as the unknown token in training, on both sides. What
        is predicted stays the same.
    recurrent_dropout : float in range [0.0, 1.0), default=0.0
        Fraction of the state-to-state weights that are set to zero in training, as in the AWD-LSTM
        (Merity et al., 2018). Ignored by cells without such weights.
    variational_dropout : bool, default=False
        Whether to drop the same features at all tokens of a text (Gal and Ghahramani, 2016). It
        applies to `dropout` and to `recurrent_dropout`, which then drops units of the state instead
        of weights. Together with the latter, cells run step by step, which is slower, and must read
        their state through weights only, as "rnn" and the LSTMs do.
    zoneout : float in range [0.0, 1.0), default=0.0
        Probability that a unit of a cell keeps its previous value at a step in training. Above 0,
        cells run step by step, which is slower.
    label_smoothing : float in range [0.0, 1.0), default=0.0
        Fraction of the probability of each target token that is spread evenly over all tokens, so
        that the network does not become overconfident.
    scheduled_sampling : float in range [0.0, 1.0], default=0.0
        Probability that the decoder reads the token it would have predicted instead of the true one
        in training, as it must in `predict` (Bengio et al., 2015). It rises from 0 in the first
        epoch to this value in the last. All tokens of a target are predicted in one pass, each from
        the true tokens before it (Mihaylova and Martins, 2019).
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
        cosine, "linear" in a straight line. "constant" keeps it.
    clip_grad_norm : float or None, default=1.0
        Largest norm of the gradient in a step. Larger ones are scaled down to it, because gradients
        can explode through time. None disables clipping.
    batch_size : int or "auto", default="auto"
        Number of pairs in a training batch. "auto" is a 64th of the pairs, but at least 4 and at
        most 64.
    early_stopping : bool, default=False
        Whether to stop training when the validation score has not improved by more than `tol` for
        `n_iter_no_change` epochs, and to keep the weights of the best epoch. The validation pairs
        are the `X_val` and `y_val` given to `fit`, or else `validation_fraction` of `X`.
    scoring : str, callable or None, default="loss"
        What early stopping improves. "loss" is the negative loss of a token, which costs little.
        None is `score`, the share of exact matches, and a callable is a scorer
        ``scoring(estimator, X, y)``, such as one of chrF; these translate the validation pairs
        after each epoch. Only used with `early_stopping`.
    validation_fraction : float in range (0.0, 1.0), default=0.1
        Fraction of the pairs to set aside for validation. Only used with `early_stopping` and
        without `X_val`.
    n_iter_no_change : int, default=3
        Number of epochs without improvement before training stops. Only used with `early_stopping`.
    tol : float, default=0.0
        How much the score must rise to count as an improvement. Only used with `early_stopping`.
    warm_start : bool, default=False
        Whether `fit` continues from the weights and the vocabularies of the previous fit, instead
        of starting over, for example after an interrupt. The network must have the same shape. The
        learning-rate schedule and the optimizer start again.
    checkpoint : str, path-like or None, default=None
        File in which `fit` keeps the state of training, about once a minute. If the process is
        killed, `fit` with the same arguments resumes from there and ends with the weights of an
        undisturbed run, to the bit. In a folder, each fit has a file of its own, which a search
        needs. `random_state` must be an int. See :ref:`checkpoints`.
    random_state : int, RandomState instance or None, default=None
        Controls the initial weights, the order of the pairs, dropout and which pairs are set aside
        for validation. With an int, the same data on the same machine gives the same weights, to
        the bit. The global random state of torch is left unchanged.

    beam_size : int, default=1
        Number of targets that `predict` keeps for each source while it writes (beam search). 1
        takes the most likely token each time (greedy search).
    length_penalty : float, default=1.0
        Beam search ranks targets by the logarithm of their probability, divided by their number of
        tokens to the power of this. 0 prefers short targets; the higher, the longer.
    max_new_tokens : int or "auto", default="auto"
        Largest number of tokens that `predict` writes. "auto" is one more than twice the longest
        target of `fit`.
    replace_unknown : bool, default=False
        Whether `predict` may write the unknown token, and then replaces it by the token of the
        source with the most attention. That copies names, which are often the same in both
        languages. If False, the unknown token is never written.

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
        kernels differ only by rounding. See :doc:`/user_guide/speed`.
    n_jobs : int or None, default=None
        Number of CPU threads. The result is the same, to the bit, for any number. None uses as many
        threads as torch does: all processors, or its share of them in a worker process of joblib.
        -1 means all processors.
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
    source_vectorizer_ : transformer or None
        The fitted vectorizer of the sources, None after fitting on token ids or rows of vectors.
    target_vectorizer_ : transformer
        The fitted vectorizer of the targets.
    writes_tokens_ : bool
        Whether the targets of `fit` were lists of tokens. Then `predict` returns such lists.
    spacing_ : dict of dict of str, or None
        The white space before and after punctuation marks in the targets of `fit`:
        ``spacing_["before"]["!"]`` is " " in French, and "" in English. None unless the targets are
        texts that are split into words.
    longest_target_ : int
        Number of tokens of the longest target of `fit`, with `warm_start` of all fits.

    net_ : skorch.NeuralNet
        The trained skorch net.
    module_ : torch.nn.Module
        The trained network.

    history_ : skorch.history.History
        What skorch recorded in each epoch.
    n_iter_ : int
        Number of epochs of the last fit.
    t_ : int
        Number of pairs seen in training; each counts once per epoch.
    loss_curve_ : list of float
        Training loss of each epoch: the mean negative log-likelihood of a token of a target, its
        end included, with dropout and label smoothing.
    validation_scores_ : list of float or None
        Score of the validation pairs after each epoch. None without early stopping.
    best_validation_score_ : float or None
        The highest validation score, whose weights were kept. None without early stopping.

    See Also
    --------
    RNNLanguageModel : Writes texts without a source.
    SequenceVectorizer : Converts text to token ids.
    SubwordVectorizer : Converts text to ids of subwords.

    Notes
    -----
    `score` is the share of exact matches, whatever is installed. That is strict for sentences,
    which have more than one good translation; score those by chrF or BLEU.

    Words are joined by single spaces. Around a punctuation mark, white space is as it was in the
    targets of `fit`, if it was nearly always the same there, otherwise as in English. To keep the
    exact spacing of targets, write them by characters or by subwords.

    An empty source is read as one unknown token, and nothing is copied from it. Targets may be
    empty.

    There is no `partial_fit`: the vocabularies are those of `fit`. Use `warm_start` to train
    further on pairs of the same vocabularies.

    When `fit` is interrupted from the keyboard, the estimator keeps the best weights reached so far
    and issues a :class:`~sklearn_rnn.exceptions.FitInterruptedWarning`; a search or a
    cross-validation scores it like any other fit and continues. The estimator is left unchanged by
    an interrupt before the first step, and by an error.

    Any number of Python threads may use an estimator while one of them trains it: each sees a whole
    model, the one before or the one after. See :ref:`threads`.

    References
    ----------
    - Bahdanau, D., Cho, K. and Bengio, Y., "Neural machine translation by jointly learning to align
      and translate", ICLR (2015).
    - Luong, M.-T., Pham, H. and Manning, C. D., "Effective approaches to attention-based neural
      machine translation", EMNLP (2015).
    - Xu, K. et al., "Show, attend and tell: neural image caption generation with visual attention",
      ICML (2015).
    - Press, O. and Wolf, L., "Using the output embedding to improve language models", EACL (2017).
    - Merity, S., Keskar, N. S. and Socher, R., "Regularizing and optimizing LSTM language models",
      ICLR (2018).
    - Gal, Y. and Ghahramani, Z., "A theoretically grounded application of dropout in recurrent
      neural networks", NIPS (2016).
    - Tallec, C. and Ollivier, Y., "Can recurrent neural networks warp time?", ICLR (2018).
    - Bengio, S. et al., "Scheduled sampling for sequence prediction with recurrent neural
      networks", NIPS (2015).
    - Mihaylova, T. and Martins, A. F. T., "Scheduled sampling for transformers", ACL Student
      Research Workshop (2019).

    Examples
    --------
    >>> from sklearn_rnn import RNNTranslator
    >>> numbers = ["one", "two", "three", "four"]
    >>> X = [f"{a} and {b}" for a in numbers for b in numbers]
    >>> y = [f"{numbers.index(b) + 1} {numbers.index(a) + 1}" for a in numbers for b in numbers]
    >>> model = RNNTranslator(hidden_size=32, batch_size=4, max_epochs=30, lr=0.01, random_state=0)
    >>> model.fit(X, y).predict(["two and three"])
    array(['3 2'], dtype=object)
    >>> model.attention_weights(["two and three"])[0].shape  # of target and source tokens
    (2, 3)
    """

    _parameter_constraints: dict = {
        "source_vectorizer": [HasMethods(["fit_transform", "transform"]), None],
        "target_vectorizer": [HasMethods(["fit_transform", "transform"]), None],
        **{k: v for k, v in BaseRNN._parameter_constraints.items() if k != "vectorizer"},
        "bidirectional": ["boolean"],
        "attention": [StrOptions(set(ATTENTIONS))],
        "input_feeding": ["boolean"],
        "tie_weights": ["boolean"],
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
        "scheduled_sampling": [Interval(Real, 0, 1, closed="both")],
        **BEAM_CONSTRAINTS,
        "scoring": [StrOptions({"loss", *get_scorer_names()}), callable, None],
    }

    _learned_constraints: dict = {
        "net_": [TranslationNet],
        "source_vectorizer_": [HasMethods(["transform"]), None],
        "target_vectorizer_": [HasMethods(["transform"])],
        **{k: v for k, v in BaseRNN._learned_constraints.items() if k != "vectorizer_"},
        "writes_tokens_": ["boolean"],
        "spacing_": [dict, None],
        "longest_target_": [Integral],
    }

    def __init__(
        self,
        *,
        source_vectorizer=None,
        target_vectorizer=None,
        hidden_size=128,
        max_epochs="auto",
        embedding_dim="auto",
        cell="lstm",
        activation="tanh",
        bidirectional=True,
        num_layers=1,
        attention="general",
        input_feeding=False,
        tie_weights=False,
        recurrent_init=None,
        forget_bias=None,
        dropout=0.1,
        word_dropout=0.0,
        recurrent_dropout=0.0,
        variational_dropout=False,
        zoneout=0.0,
        label_smoothing=0.0,
        scheduled_sampling=0.0,
        weight_decay=0.01,
        optimizer="adamw",
        lr=3e-3,
        lr_schedule="onecycle",
        clip_grad_norm=1.0,
        batch_size="auto",
        early_stopping=False,
        scoring="loss",
        validation_fraction=0.1,
        n_iter_no_change=3,
        tol=0.0,
        warm_start=False,
        checkpoint=None,
        random_state=None,
        beam_size=1,
        length_penalty=1.0,
        max_new_tokens="auto",
        replace_unknown=False,
        device="auto",
        precision="float32",
        kernels="auto",
        n_jobs=None,
        n_shards=1,
        verbose=0,
        callbacks=None,
        skorch_params=None,
    ):
        self.source_vectorizer = source_vectorizer
        self.target_vectorizer = target_vectorizer
        self.hidden_size = hidden_size
        self.max_epochs = max_epochs
        self.embedding_dim = embedding_dim
        self.cell = cell
        self.activation = activation
        self.bidirectional = bidirectional
        self.num_layers = num_layers
        self.attention = attention
        self.input_feeding = input_feeding
        self.tie_weights = tie_weights
        self.recurrent_init = recurrent_init
        self.forget_bias = forget_bias
        self.dropout = dropout
        self.word_dropout = word_dropout
        self.recurrent_dropout = recurrent_dropout
        self.variational_dropout = variational_dropout
        self.zoneout = zoneout
        self.label_smoothing = label_smoothing
        self.scheduled_sampling = scheduled_sampling
        self.weight_decay = weight_decay
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
        self.beam_size = beam_size
        self.length_penalty = length_penalty
        self.max_new_tokens = max_new_tokens
        self.replace_unknown = replace_unknown
        self.device = device
        self.precision = precision
        self.kernels = kernels
        self.n_jobs = n_jobs
        self.n_shards = n_shards
        self.verbose = verbose
        self.callbacks = callbacks
        self.skorch_params = skorch_params

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
        """Fit the model to pairs of sources and targets.

        Parameters
        ----------
        X : iterable of str, or array-like of shape (n_samples, n_regions, n_features)
            The sources: raw text or lists of tokens, in any container that
            :class:`SequenceVectorizer` accepts; token ids as it returns them; or rows of vectors,
            as a 3-D array or a list of 2-D arrays with any number of rows.

        y : iterable of str
            The targets: raw text or lists of tokens, one for each source. They may be empty.

        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each pair in the loss: one of weight 2 counts as two of weight 1. None gives
            every pair the weight 1.

        X_val : like `X`, default=None
            Sources to score after each epoch. Only allowed if `early_stopping` is True.

        y_val : like `y`, default=None
            Their targets. Required with `X_val`.

        sample_weight_val : array-like of shape (n_validation_samples,), default=None
            Weight of each of these pairs in the score and in the validation loss. None gives every
            pair the weight 1.

        Returns
        -------
        self : RNNTranslator
            The fitted model.

        Raises
        ------
        ValueError
            If texts are missing or invalid, if the numbers of sources and targets differ, if
            weights are negative or all 0, or if the loss or the weights of the network become
            infinite or NaN.
        TypeError
            If `y` holds no text.
        RuntimeError
            If `kernels` is True, and there are neither compiled kernels nor a C++ compiler.
        """
        X = as_list(X)
        check_can_resume(self)
        check_validation_given(self, X_val, y_val, sample_weight_val)
        is_warm = self.warm_start and hasattr(self, "net_")
        model = copy(self) if is_warm else None  # a consistent copy, as another thread may fit
        sources, y, targets, vectorizers, learned = self._read_training(X, y, model)
        if self.replace_unknown:
            check_copies(X, vectorizers[0], self)
        check_consistent_length(sources, targets)
        weights = check_weights(sample_weight, targets)
        previous = None if model is None else model.net_.module_
        sizes = sizes_of(sources, targets, vectorizers, previous)
        split_seed, *seeds = check_random_state(self.random_state).randint(
            np.iinfo(np.int32).max, size=3
        )
        by = {"source_vectorizer_": vectorizers[0], "target_vectorizer_": vectorizers[1]}
        valid = score = None
        if X_val is not None:
            X_val, y_val = as_list(X_val), read_targets(y_val, vectorizers[1], self, "y_val")
            weights_val = check_weights(sample_weight_val, y_val, "sample_weight_val")
        elif self.early_stopping:
            rows, held_out = hold_out_pairs(targets.shape[0], self, split_seed)
            X_val, y_val = _safe_indexing(X, held_out), _safe_indexing(y, held_out)
            sources, targets = take(sources, rows), targets[rows]
            weights, weights_val = weights[rows], weights[held_out]
        if X_val is not None:
            check_any_weight(self, weights_val, "set aside for early stopping", "pairs")
            valid = self._make_validation_set(X_val, y_val, weights_val, vectorizers, sizes)
            if self.scoring != "loss":
                predictor = self._make_predictor({**by, **learned})
                score = _Scorer(predictor, X_val, y_val, weights_val)
        check_any_weight(self, weights, "to train on", "pairs")
        train = PairData(as_sources(sources), targets, sizes.n_ids, weights)
        net = fit_net(self, train, valid, sizes, seeds=seeds, score=score, previous=previous)
        lock_of(self).write(self._take_over_all, net, by, learned, net.history, is_warm)
        return self

    def _read_training(self, X, y, model):
        """Return the pairs to train on, their vectorizers and what is learned from them.

        With `model`, its vocabularies are kept.
        """
        if model is not None:
            vectorizers = model.source_vectorizer_, model.target_vectorizer_
            sources = read_sources(X, vectorizers[0], model.module_.n_region_features, self)
            y = read_targets(y, vectorizers[1], self)
            targets = vectorize(y, vectorizers[1], self, name="y")
            longest, writes_tokens = model.longest_target_, model.writes_tokens_
            spacing = model.spacing_
        else:
            sources, of_sources = fit_sources(X, self)
            y = read_targets(y, self.target_vectorizer, self)
            targets, of_targets, writes_tokens = fit_targets(y, self)
            vectorizers, longest = (of_sources, of_targets), 0
            TargetWriter(of_targets, as_tokens=writes_tokens)  # refuses what cannot write
            spacing = spacing_of(y, of_targets)
        longest = max(longest, int(np.diff(targets.indptr).max()))
        learned = {
            "writes_tokens_": writes_tokens,
            "spacing_": spacing,
            "longest_target_": longest,
        }
        return sources, y, targets, vectorizers, learned

    def _make_validation_set(self, X_val, y_val, weights_val, vectorizers, sizes):
        sources = read_sources(X_val, vectorizers[0], sizes.n_region_features, self, "X_val")
        targets = vectorize(y_val, vectorizers[1], self, name="y_val")
        check_consistent_length(sources, targets)
        return PairData(as_sources(sources), targets, sizes.n_ids, weights_val)

    def _make_predictor(self, learned):
        """Return an estimator that translates with what is learned here, to score in training."""
        predictor = object.__new__(type(self))
        predictor.__dict__.update({**vars(self), **learned})
        return predictor

    def _check_learned(self):
        """Raise an error of any type if what was read from a file is inconsistent."""
        if self.longest_target_ < 0:
            raise ValueError("the longest target has a negative length")
        if self.spacing_ is not None:
            check_spacing(self.spacing_)
        writer = self._make_writer()
        if self.net_.module_.decoder.n_ids > writer.n_ids:
            raise ValueError("the network writes tokens that the vocabulary does not have")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.target_tags.required = True
        return tags


class _Scorer:
    """Score a translator in training on pairs that were set aside.

    Parameters
    ----------
    estimator : RNNTranslator
        With everything that it needs to translate except `net_`.
    X, y : object
        The pairs.
    weights : ndarray of float64 of shape (n_pairs,)
        The weight of each.
    """

    def __init__(self, estimator, X, y, weights):
        self.estimator = estimator
        self.scorer = check_scoring(estimator, estimator.scoring)
        self.X, self.y = X, y
        # Not every scorer takes weights.
        self.weighted = {} if (weights == 1).all() else {"sample_weight": weights}

    def __call__(self, net, outputs):
        """Return the score."""
        estimator = copy(self.estimator)
        estimator.net_ = net
        return float(self.scorer(estimator, self.X, self.y, **self.weighted))
