"""Save estimators to files that contain data, but no code, and load them.

An estimator that can be saved is listed in `ESTIMATORS`, names what it learns in
`_learned_constraints`, in the form of `_parameter_constraints`, and checks in `_check_learned` that
it is consistent. Its targets name what was learned about `y`. An attribute may hold what
`_files/values.py` can write, nets, and other estimators of ours. Attributes whose names begin with
an underscore are not saved: a loaded estimator must work without them.
"""

import os
from pathlib import PurePath

from sklearn import config_context
from sklearn.base import BaseEstimator
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

from sklearn_rnn import _word_vectors
from sklearn_rnn._classifier import RNNTextClassifier
from sklearn_rnn._encoder import RNNTextEncoder
from sklearn_rnn._files.atomic_write import write_atomically
from sklearn_rnn._files.file_format import pack, read_container, unpack
from sklearn_rnn._files.renamed import PARAMETERS, with_current_names
from sklearn_rnn._files.values import NotDataError, Reader, Writer
from sklearn_rnn._language.net import LanguageNet
from sklearn_rnn._language_model import RNNLanguageModel
from sklearn_rnn._regressor import RNNTextRegressor
from sklearn_rnn._sklearn_compat import validate_parameter_constraints
from sklearn_rnn._subwords import SubwordVectorizer
from sklearn_rnn._tagging.net import TaggingNet
from sklearn_rnn._text.tokenizer_json import build_tokenizer
from sklearn_rnn._token_classifier import RNNTokenClassifier
from sklearn_rnn._training.model_lock import lock_of
from sklearn_rnn._training.net import SequenceNet
from sklearn_rnn._training.net_data import read_net, write_net
from sklearn_rnn._translation.net import TranslationNet
from sklearn_rnn._translator import RNNTranslator
from sklearn_rnn._vectorizer import SequenceVectorizer
from sklearn_rnn.exceptions import ModelFileError

ESTIMATORS = {
    class_.__name__: class_
    for class_ in (
        RNNLanguageModel,
        RNNTextClassifier,
        RNNTextEncoder,
        RNNTextRegressor,
        RNNTokenClassifier,
        RNNTranslator,
        SequenceVectorizer,
        SubwordVectorizer,
    )
}
# The nets in a file, by their types there.
_NETS = {
    "net": SequenceNet,
    "language net": LanguageNet,
    "tagging net": TaggingNet,
    "translation net": TranslationNet,
}
_CLASSES = {**ESTIMATORS, "Pipeline": Pipeline}
# Each takes time to build, whatever little the file says of it.
_MAX_PARTS = 100


def save(estimator, path):
    """Save an estimator to a file that contains data, but no code.

    The file is in the safetensors format. It contains the weights and, as JSON, the parameters, the
    vocabulary, the classes, the learning curves and the versions of the libraries, protected by a
    checksum. An existing file is replaced in one step: even if the process is killed, the file is
    either the old or the new one.

    Parameters
    ----------
    estimator : estimator of sklearn_rnn, or Pipeline of such estimators
        The estimator to save, fitted or not. Parameters that are code cannot be saved: a
        `tokenizer`, callbacks, the class of an optimizer or of a cell. Use :func:`joblib.dump` for
        those.

    path : str or path-like
        The file to write. Its name usually ends in ``".safetensors"``.

    Raises
    ------
    TypeError
        If `estimator` is not an estimator of sklearn_rnn, or if a parameter or an attribute cannot
        be saved as data.

    OSError
        If the file cannot be written, is read-only, or is a folder, a device or a pipe. An old file
        is left as it was.

    See Also
    --------
    load : Load a saved estimator.

    Notes
    -----
    The training history keeps the values of each epoch, but not those of each batch. A RandomState
    passed as `random_state` is saved in its current state. A path is saved as text, and
    :class:`WordVectors` with all their words; to keep those out of the file, set the fitted
    estimator's `embedding` to None first. The same holds for the language models in `pretrained`,
    which only another fit needs. After `partial_fit`, the vocabulary is saved, but neither the word
    counts nor the state of the optimizer, so a loaded estimator continues with `partial_fit` as it
    would after `fit`.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import sklearn_rnn
    >>> vectorizer = sklearn_rnn.SequenceVectorizer().fit(["good, not bad"])
    >>> with TemporaryDirectory() as folder:
    ...     sklearn_rnn.save(vectorizer, Path(folder, "vectorizer.safetensors"))
    ...     loaded = sklearn_rnn.load(Path(folder, "vectorizer.safetensors"))
    >>> loaded.vocabulary_
    {',': 2, 'bad': 3, 'good': 4, 'not': 5}
    """
    writer = _ModelWriter()
    content = writer.write_estimator(estimator)
    write_atomically(path, pack(content, writer.arrays))


def load(path):
    """Load an estimator that :func:`save` wrote.

    Loading is safe even if you do not trust the file: no code in it is run, and only estimators of
    sklearn_rnn and pipelines of them are built. Their predictions are only as trustworthy as the
    file.

    Parameters
    ----------
    path : str or path-like
        The file to read.

    Returns
    -------
    estimator : estimator
        The saved estimator, which gives the same predictions. The network is put on the device on
        which it was trained or, with a warning, on the CPU if that device is missing.

    Raises
    ------
    ModelFileError
        If the file is truncated or damaged, is not a model file, or was written by a newer version.

    OSError
        If the file cannot be read.

    See Also
    --------
    save : Save an estimator.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import sklearn_rnn
    >>> clf = sklearn_rnn.RNNTextClassifier(cell="gru")
    >>> with TemporaryDirectory() as folder:
    ...     sklearn_rnn.save(clf, Path(folder, "clf.safetensors"))
    ...     sklearn_rnn.load(Path(folder, "clf.safetensors"))
    RNNTextClassifier(cell='gru')
    """
    try:
        content, arrays = unpack(read_container(path))
        return _ModelReader(arrays).read_estimator(content)
    except OSError:
        raise
    except ModelFileError as exc:
        raise ModelFileError(f"{os.fspath(path)} cannot be opened: {exc}.") from None
    except Exception as exc:
        raise ModelFileError(
            f"{os.fspath(path)} cannot be opened: its content is not what sklearn_rnn.save writes "
            f"({type(exc).__name__}: {str(exc)[:200]})."
        ) from exc


class _ModelWriter(Writer):
    """Write values with the estimators and nets among them."""

    n_parts = 0

    def write_other(self, value):
        for name, class_ in _NETS.items():
            if type(value) is class_:
                _count_part(self)
                return {**write_net(value, self), "type": name}
        if type(value) in _CLASSES.values():
            return self.write_estimator(value)
        if type(value) is FrozenEstimator:
            return {"type": "frozen", "estimator": self.write_estimator(value.estimator)}
        if _is_tokenizer(value):
            return {"type": "tokenizer", "json": value.to_str()}
        if type(value) is _word_vectors.WordVectors:
            return {"type": "WordVectors", "data": self.write(_word_vectors.to_data(value))}
        if isinstance(value, PurePath):
            return str(value)
        return super().write_other(value)

    def write_estimator(self, estimator):
        """Return an estimator as JSON: its class, parameters, and what it learned."""
        name = type(estimator).__name__
        if type(estimator) not in _CLASSES.values():
            raise TypeError(_refusal(estimator))
        _count_part(self)
        with lock_of(estimator).reading():
            return self._write_whole(name, estimator)

    def _write_whole(self, name, estimator):
        estimator._validate_params()
        params = estimator.get_params(deep=False)
        # What is private is for this process only.
        learned = {
            key: value
            for key, value in vars(estimator).items()
            if key not in params and not key.startswith("_")
        }
        known = _constraints_of(type(estimator), learned)
        return {
            "type": "estimator",
            "class": name,
            "params": {key: self._write_param(name, key, value) for key, value in params.items()},
            "learned": {
                key: self._write_learned(name, key, value, known) for key, value in learned.items()
            },
            "choices": _get_choices(estimator),
        }

    def _write_param(self, estimator, name, value):
        try:
            if estimator == "Pipeline":
                _check_pipeline_param(name, value)
            return self.write(value)
        except NotDataError as exc:
            raise TypeError(
                f"The '{name}' parameter of {estimator} cannot be saved as data: {exc}. "
                "Use joblib.dump instead, and open that file only if you trust it."
            ) from exc

    def _write_learned(self, estimator, name, value, known):
        if name not in known:
            raise TypeError(
                f"The attribute '{name}' of {estimator} cannot be saved: it is neither a parameter "
                "nor something that fit learns. Use joblib.dump instead."
            )
        try:
            return self.write(value)
        except NotDataError as exc:
            raise TypeError(
                f"The attribute '{name}' of {estimator} cannot be saved as data: {exc}. "
                "Use joblib.dump instead."
            ) from exc


class _ModelReader(Reader):
    """Read values with the estimators and nets among them."""

    n_parts = 0

    def reader_of(self, type_):
        if type_ in _NETS:
            _count_part(self)
            return lambda written: read_net(_NETS[type_], written, self)
        if type_ == "estimator":
            return self.read_estimator
        if type_ == "frozen":
            return lambda written: FrozenEstimator(self.read_estimator(written["estimator"]))
        if type_ == "tokenizer":
            return lambda written: build_tokenizer(written["json"])
        if type_ == "WordVectors":
            return lambda written: _word_vectors.from_data(self.read(written["data"]))
        return super().reader_of(type_)

    def read_estimator(self, written):
        """Return an estimator that was written, after checking it."""
        _count_part(self)
        class_ = _CLASSES[written["class"]]
        written_params = with_current_names(written["params"], PARAMETERS)
        params = {key: self.read(value) for key, value in written_params.items()}
        learned = {key: self.read(value) for key, value in written["learned"].items()}
        if class_ is Pipeline:
            for name, value in params.items():
                _check_pipeline_param(name, value)
        estimator = class_(**params)
        estimator._validate_params()
        if learned:
            known = _constraints_of(class_, learned)
            learned = {**dict.fromkeys(known), **learned}
            if learned.keys() != known.keys():
                raise ValueError(
                    f"{class_.__name__} learns no {sorted(learned.keys() - known.keys())}"
                )
            validate_parameter_constraints(known, learned, caller_name=class_.__name__)
            vars(estimator).update(learned)
            estimator._check_learned()
        _set_choices(estimator, written["choices"])
        return estimator


def _is_tokenizer(value):
    """Recognise a tokenizer of `tokenizers` by its name: the package may not be imported."""
    type_ = type(value)
    return type_.__name__ == "Tokenizer" and type_.__module__.split(".")[0] == "tokenizers"


def _count_part(file):
    """Raise NotDataError if a file would hold too many estimators and nets."""
    file.n_parts += 1
    if file.n_parts > _MAX_PARTS:
        raise NotDataError(f"a file holds no more than {_MAX_PARTS} estimators and nets")


def _constraints_of(class_, learned):
    """Return the names of what an estimator has learned, with their constraints."""
    if hasattr(class_, "_constraints_of_learned"):
        return class_._constraints_of_learned(learned)  # they depend on what `y` was
    return getattr(class_, "_learned_constraints", {})


def _get_choices(estimator):
    """Return what set_output and set_fit_request, or the like, were given."""
    choices = {}
    if output := vars(estimator).get("_sklearn_output_config"):
        choices["set_output"] = dict(output)
    if "_metadata_request" in vars(estimator):
        routing = estimator.get_metadata_routing()
        for setter in _request_setters(estimator):
            requests = getattr(routing, setter.removeprefix("set_").removesuffix("_request"))
            choices[setter] = dict(requests.requests)
    return choices


def _set_choices(estimator, choices):
    for setter, arguments in choices.items():
        if setter == "set_output" and arguments["transform"] in ("default", "pandas", "polars"):
            estimator.set_output(transform=arguments["transform"])
        elif setter in _request_setters(estimator):
            with config_context(enable_metadata_routing=True):
                getattr(estimator, setter)(**arguments)
        else:
            raise ValueError(f"{setter} cannot be called")


def _request_setters(estimator):
    names = dir(type(estimator))
    return [name for name in names if name.startswith("set_") and name.endswith("_request")]


def _check_pipeline_param(name, value):
    """Raise NotDataError unless a parameter of a pipeline can be saved.

    The steps are estimators of ours, and `memory`, a folder of pickles, is not used.
    """
    if name == "memory" and value is not None:
        raise NotDataError("the folder is full of pickles")
    if name == "steps":
        for step_name, step in value:
            is_step = type(step) in _CLASSES.values() or step is None or type(step) is str
            if not (type(step_name) is str and is_step):
                raise NotDataError(f"the step {step_name!r} is not an estimator of sklearn_rnn")


def _refusal(estimator):
    """Return why an object cannot be saved."""
    names = ", ".join(ESTIMATORS)
    hint = ""
    if hasattr(estimator, "best_estimator_"):
        hint = " Save its best_estimator_."
    elif isinstance(estimator, type) or not isinstance(estimator, BaseEstimator):
        hint = " Call it as save(estimator, path)."
    return (
        f"save takes an instance of {names}, or a Pipeline of them. Got {estimator!r} of type "
        f"{type(estimator).__name__}.{hint}"
    )
