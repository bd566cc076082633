"""Wrong names of parameters, answered with the right ones."""

import inspect
from difflib import get_close_matches

# What Keras, PyTorch, skorch, scikit-learn, Hugging Face and earlier versions of this package call
# a parameter that another one here corresponds to. Names that are spelled alike are not listed.
OTHER_NAMES = {
    "cell": "cell_type model_type rnn rnn_cell rnn_type unit_type",
    "activation": "act hidden_act nonlinearity",
    "bidirectional": "bi bidir",
    "num_layers": "depth hidden_layers layers n_layer n_layers num_hidden_layers num_rnn_layers",
    "embedding": "embedding_matrix embeddings embedding_weights pretrained_embeddings "
    "pretrained_vectors pretrainedVectors word_vectors",
    "freeze_embedding": "embedding_trainable freeze freeze_embeddings trainable",
    "pretrained": "init_model language_model pretrained_model pretrained_lm",
    "freeze_pretrained": "freeze_base freeze_encoder gradual_unfreezing unfreeze",
    "layer_lr_decay": "discriminative_lr layer_decay layerwise_lr_decay llrd lr_mult",
    "reverse": "backward backwards go_backwards is_forward",
    "embedding_dim": "d_model embed_dim embed_size embedding_size embeddings_size emb_dim emb_size "
    "input_size output_dim vector_size word_dim",
    "char_embedding_dim": "char_dim char_emb_dim char_embedding_size",
    "char_hidden_size": "char_hidden_dim char_lstm_size char_units",
    "crf": "use_crf",
    "constraints": "constrained_decoding scheme tag_scheme",
    "hidden_size": "hidden hidden_dim hidden_layer_sizes hidden_units n_hidden n_units num_units "
    "rnn_size state_size units",
    "recurrent_init": "init init_method recurrent_initializer weight_init",
    "forget_bias": "unit_forget_bias",
    "pooling": "aggregation pool reduction",
    "num_heads": "heads n_head n_heads num_attention_heads",
    "attention_penalty": "doubly_stochastic",
    "attention": "attention_mechanism attention_type attn attn_model attn_type global_attention",
    "input_feeding": "input_feed",
    "scheduled_sampling": "sampling_probability teacher_forcing teacher_forcing_ratio",
    "beam_size": "beam beam_width num_beams",
    "length_penalty": "length_norm length_normalization",
    "max_new_tokens": "max_decode_length max_decoding_length max_length max_output_length",
    "replace_unknown": "replace_unk",
    "source_vectorizer": "source_tokenizer src_tokenizer src_vectorizer",
    "target_vectorizer": "target_tokenizer tgt_tokenizer tgt_vectorizer",
    "skip_connection": "residual skip",
    "wide_weight": "wide",
    "wide_ngrams": "max_n ngram ngram_range ngrams word_ngrams wordNgrams",
    "dropout": "drop_rate dropout_rate hidden_dropout_prob p",
    "word_dropout": "embedding_dropout token_dropout",
    "recurrent_dropout": "state_dropout weight_drop weight_dropout",
    "variational_dropout": "locked_dropout",
    "embedding_dropout": "dropout_emb dropouti embd_pdrop input_dropout",
    "tie_weights": "tie_embeddings tie_word_embeddings tied tied_weights weight_tying",
    "activation_penalty": "activity_regularizer ar",
    "slowness_penalty": "tar",
    "softmax": "adaptive_softmax",
    "averaging": "asgd average ema swa",
    "loss": "criterion objective",
    "quantile": "q tau",
    "epsilon": "beta delta huber_delta",
    "optimizer": "optim solver",
    "lr": "eta eta0 learning_rate learning_rate_init step_size",
    "lr_schedule": "learning_rate_schedule lr_decay lr_scheduler lr_scheduler_type scheduler",
    "weight_decay": "alpha decay l2 l2_reg l2_regularization reg_lambda",
    "clip_grad_norm": "clip clipnorm clipvalue global_clipnorm grad_clip gradient_clip_val "
    "gradient_clip_value max_grad_norm max_norm",
    "batch_size": "bs minibatch_size per_device_train_batch_size",
    "crop_length": "bptt",
    "bptt": "bptt_steps chunk_length context_length num_steps seq_len seq_length sequence_length "
    "tbptt window_size",
    "documents": "stateful",
    "max_epochs": "epochs max_iter n_epoch n_epochs n_iter nb_epoch num_epochs num_train_epochs",
    "scoring": "metric metric_for_best_model metrics monitor",
    "validation_fraction": "train_split val_fraction val_size val_split validation_split",
    "n_iter_no_change": "early_stopping_patience early_stopping_rounds patience",
    "tol": "early_stopping_threshold min_delta threshold",
    "checkpoint": "checkpoint_dir checkpoint_path ckpt_path resume resume_from_checkpoint snapshot",
    "random_state": "manual_seed random_seed seed",
    "device": "accelerator cuda gpu use_cuda use_gpu",
    "precision": "amp autocast bf16 dtype fp16 mixed_precision torch_dtype",
    "kernels": "compile native torch_compile use_kernels",
    "n_jobs": "n_threads n_workers num_threads num_workers",
    "n_shards": "n_processes nproc_per_node num_processes num_shards shards world_size",
    "verbose": "progress_bar verbosity",
    "lowercase": "do_lower_case lower to_lower",
    "preprocessor": "standardize",
    "token_pattern": "pattern regex",
    "analyzer": "char_level level",
    "max_df": "max_freq",
    "min_df": "min_count min_freq min_frequency",
    "max_features": "max_tokens max_vocab max_vocab_size max_words n_features num_words vocab_size "
    "vocabulary_size",
    "vocab_size": "max_features max_vocab n_tokens n_vocab num_words vocabulary_size",
    "min_frequency": "min_count min_df min_freq",
    "normalization": "norm normalizer normalize unicode_normalization",
    "max_length": "max_len max_seq_length maxlen output_sequence_length seq_len",
    "truncation": "truncate truncating truncation_side",
    "sparse_output": "sparse",
}

# Parameters of SequenceVectorizer, which are often given to the estimator that holds one.
VECTORIZER_PARAMS = (
    "encoding decode_error strip_accents lowercase preprocessor tokenizer stop_words token_pattern "
    "analyzer max_df min_df max_features vocabulary max_length truncation sparse_output missing "
    "n_jobs"
).split()

# Parts of a skorch net whose arguments go into `skorch_params`.
_SKORCH_PARTS = ("criterion", "dataset", "iterator_train", "iterator_valid", "module", "optimizer")


class ParamNamesMixin:
    """Answer a parameter that an estimator does not have with the one that was meant.

    List it before :class:`~sklearn.base.BaseEstimator`. Signatures stay as they are: names are
    checked before `__init__` is called.

    Examples
    --------
    >>> from sklearn.base import BaseEstimator
    >>> from sklearn_rnn.utils._param_names import ParamNamesMixin
    >>> class Model(ParamNamesMixin, BaseEstimator):
    ...     def __init__(self, *, max_epochs=10):
    ...         self.max_epochs = max_epochs
    >>> Model(epochs=3)
    Traceback (most recent call last):
    TypeError: Model has no parameter 'epochs'. Did you mean 'max_epochs'?
    """

    def __new__(cls, *args, **params):
        # What object.__init__ says it takes it refuses, or ignores where there is a __new__.
        has_init = cls.__init__ is not object.__init__
        known = inspect.signature(cls.__init__).parameters if has_init else {}
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in known.values()):
            wrong = [name for name in params if name not in known]
            if wrong:
                raise TypeError(
                    " ".join(
                        f"{cls.__name__} has no parameter {name!r}.{did_you_mean(name, known)}"
                        for name in wrong
                    )
                )
        return super().__new__(cls)

    def set_params(self, **params):
        """Set parameters of this estimator, or of an estimator inside it.

        Parameters
        ----------
        **params : dict
            Values by name. ``<component>__<parameter>`` sets a parameter of the estimator that is
            the value of another parameter, as in ``vectorizer__max_features``.

        Returns
        -------
        self : estimator instance
            The estimator.
        """
        known = self.get_params(deep=False)  # type: ignore[attr-defined]  # of the estimator
        for name in params:
            outer, is_nested, inner = name.partition("__")
            value = params.get(outer, known.get(outer))
            if is_nested and outer in known and not hasattr(value, "set_params"):
                raise ValueError(
                    f"Cannot set {name!r}: the parameter {outer!r} of {type(self).__name__} is "
                    f"{value!r}, which has no parameters.{_instead_of_nested(outer, inner)}"
                )
        try:
            return super().set_params(**params)  # type: ignore[misc]
        except ValueError as exc:
            wrong = [name for name in params if name.partition("__")[0] not in known]
            if not wrong:
                raise
            raise ValueError(f"{exc}{did_you_mean(wrong[0], known)}") from None


def did_you_mean(name, known):
    """Return a question that names the parameter that was meant, empty if none is near.

    Parameters
    ----------
    name : str
        What was given.
    known : collection of str
        The names that exist.

    Examples
    --------
    >>> from sklearn_rnn.utils._param_names import did_you_mean
    >>> did_you_mean("learning_rate", ["lr", "max_epochs"])
    " Did you mean 'lr'?"
    >>> did_you_mean("flavour", ["lr", "max_epochs"])
    ''
    """
    meant = _find_meant(str(name), known)
    return f" Did you mean {meant}?" if meant else ""


def _find_meant(name, known):
    """Return how to write the parameter that was meant, None if none is near."""
    outer, is_nested, inner = name.partition("__")
    if is_nested and outer == "vectorizer" in known:
        return f"vectorizer=SequenceVectorizer({inner}=...)"
    if is_nested and inner in known:
        return repr(inner)
    if is_nested and outer in _SKORCH_PARTS and "skorch_params" in known:
        return f"skorch_params={{{name!r}: ...}}"

    same = [ours for ours, others in OTHER_NAMES.items() if name in others.split()]
    inside = VECTORIZER_PARAMS if "vectorizer" in known else []
    for ours in [*same, name]:
        if ours in known or ours in inside:
            return _write(ours, known)
    near = get_close_matches(name.lower(), [*known, *inside], n=1, cutoff=0.8)
    return _write(near[0], known) if near else None


def _write(name, known):
    """Return how to write a parameter of the estimator, or of its vectorizer."""
    return repr(name) if name in known else f"vectorizer=SequenceVectorizer({name}=...)"


def _instead_of_nested(outer, inner):
    """Return how to set what is inside a parameter that is not an estimator."""
    if outer == "vectorizer":
        return (
            " Set vectorizer=SequenceVectorizer() first, which is what None stands for, or "
            f"vectorizer=SequenceVectorizer({inner}=...)."
        )
    if outer in _SKORCH_PARTS:
        return f" Set skorch_params={{'{outer}__{inner}': ...}}."
    return ""
