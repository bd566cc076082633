"""A report of a fitted estimator: what it is, what it learned from, how good it is."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from sklearn_rnn._language_model import RNNLanguageModel
from sklearn_rnn.inspection._card_scores import scores_of
from sklearn_rnn.inspection._inspected_estimator import unwrap
from sklearn_rnn.modules._summary import summarize

_PACKAGES = ("sklearn-rnn", "torch", "skorch", "scikit-learn", "scipy", "numpy", "pandas")


class ModelCard:
    """A report of a fitted estimator, made by :func:`model_card`.

    A notebook shows it as tables; ``str(card)`` is the same in Markdown.

    Parameters
    ----------
    title : str
        The heading.

    sections : dict of str to DataFrame
        The tables by their headings.

    See Also
    --------
    model_card : Describes a fitted estimator.
    """

    def __init__(self, title, sections):
        self.title = title
        self.sections = sections

    def __str__(self):
        parts = [f"# {self.title}"]
        for heading, frame in self.sections.items():
            parts += [f"## {heading}", _to_markdown(frame)]
        return "\n\n".join(parts) + "\n"

    def __repr__(self):
        return f"<ModelCard of {self.title}: {', '.join(self.sections)}>"

    def _repr_markdown_(self):
        return str(self)


def model_card(estimator, X=None, y=None):
    """Describe a fitted estimator in one report, to keep or to publish with it.

    It describes what the estimator read, its network, its training, the parameters that differ
    from the defaults, and the versions of the packages. Given documents, it also reports the scores
    on them; pass documents that training did not see.

    Parameters
    ----------
    estimator : estimator instance
        A fitted text estimator, a :class:`~sklearn.pipeline.Pipeline` that ends in one, or a
        fitted search over either, whose best estimator is used.

    X : iterable, default=None
        Documents to score, as `predict` takes them. None leaves scores out.

    y : array-like, default=None
        Their targets, as `score` takes them. Optional for a language model.

    Returns
    -------
    card : ModelCard
        The report: its `sections` are data frames by their headings, and ``str(card)`` is
        Markdown.

    Raises
    ------
    TypeError
        If it contains no estimator of this package.
    ValueError
        If `y` is given without `X`.

    See Also
    --------
    TrainingDisplay : Draws loss and score of each epoch.

    Examples
    --------
    >>> from sklearn_rnn import RNNTextClassifier
    >>> from sklearn_rnn.inspection import model_card
    >>> X = ["good, not bad", "bad, not good"] * 20
    >>> y = ["praise", "complaint"] * 20
    >>> clf = RNNTextClassifier(hidden_size=8, max_epochs=5, random_state=0).fit(X, y)
    >>> card = model_card(clf, X, y)
    >>> list(card.sections)
    ['Data', 'Scores', 'Classes', 'Network', 'Training', 'Parameters', 'Versions']
    >>> card.sections["Parameters"]
                 value default
    hidden_size      8      64
    max_epochs       5  'auto'
    random_state     0    None
    >>> print(str(card).partition("## Scores")[0].rstrip())
    # RNNTextClassifier
    <BLANKLINE>
    ## Data
    <BLANKLINE>
    |  | value |
    | --- | --- |
    | vectorizer | SequenceVectorizer, 4 tokens |
    ...
    | documents scored | 40 |
    """
    if X is None and y is not None:
        raise ValueError("'y' was given without 'X', the documents that it belongs to.")
    final, transformers = unwrap(estimator)
    check_is_fitted(final)
    if X is not None and not hasattr(X, "__len__"):
        X = list(X)
    sections = {"Data": _data(final, transformers, X)}
    labels = getattr(final, "classes_", None)
    classes = None if labels is None else pd.DataFrame(index=pd.Index(labels))
    if X is not None:
        for transformer in transformers:
            X = transformer.transform(X)
        scores, by_class = scores_of(final, X, y)
        sections["Scores"] = _column(scores)
        classes = classes if by_class is None else by_class
    if classes is not None:
        sections["Classes"] = classes
    sections["Network"] = _network(final)
    sections["Training"] = _column(_training(final))
    sections["Parameters"] = _parameters(final)
    sections["Versions"] = _column({"python": platform.python_version(), **_versions()})
    return ModelCard(type(final).__name__, sections)


def _column(values: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame({"value": pd.Series(values, dtype=object)})


def _data(final: Any, transformers: list, X: Any) -> pd.DataFrame:
    """Return what the estimator reads and how much of it."""
    rows: dict[str, Any] = {}
    steps = [step for part in transformers for _, step in part.steps]
    vectorizers = {n: v for n, v in vars(final).items() if n.endswith("vectorizer_")}
    if steps:
        rows["steps before"] = ", ".join(type(step).__name__ for step in steps)
    for name, vectorizer in vectorizers.items():
        if vectorizer is not None:
            words = len(getattr(vectorizer, "vocabulary_", ()))
            rows[name.removesuffix("_")] = f"{type(vectorizer).__name__}, {words:,} tokens"
    if source := getattr(final, "embedding_source_", None):
        coverage = getattr(final, "embedding_coverage_", None) or {}
        shares = ", ".join(f"{share:.1%} of {what}" for what, share in coverage.items())
        rows["word vectors"] = f"{source}, for {shares}" if shares else source
    unit = "tokens" if isinstance(final, RNNLanguageModel) else "documents"
    rows[f"{unit} seen in training, in all epochs"] = final.t_
    if X is not None:
        rows["documents scored"] = len(X) if hasattr(X, "__len__") else X.shape[0]
    return _column(rows)


def _network(final: Any) -> pd.DataFrame:
    parts = summarize(final.module_)
    frame = pd.DataFrame(
        {
            "kind": [part.kind for part in parts],
            "size": [part.size for part in parts],
            "weights": [part.n_weights for part in parts],
        },
        index=[part.name for part in parts],
    )
    total = pd.DataFrame({"kind": "", "size": "", "weights": frame["weights"].sum()}, index=["all"])
    return pd.concat([frame, total])


def _training(final: Any) -> dict[str, Any]:
    rows: dict[str, Any] = {"epochs": final.n_iter_}
    if final.loss_curve_:
        rows["training loss, last epoch"] = final.loss_curve_[-1]
    if final.best_validation_score_ is not None:
        rows["validation score, best epoch"] = final.best_validation_score_
    if share := getattr(final, "wide_weight_", 0.0):
        rows["share of the wide path"] = share
    seconds = [row["dur"] for row in final.history_ if "dur" in row]
    if seconds:
        rows["seconds"] = round(float(np.sum(seconds)), 1)
    rows["device"] = str(final.net_.device)
    return rows


def _parameters(final: Any) -> pd.DataFrame:
    """Return the parameters that differ from their defaults."""
    params, defaults = final.get_params(deep=False), type(final)().get_params(deep=False)
    changed = [name for name in params if repr(params[name]) != repr(defaults[name])]
    return pd.DataFrame(
        {
            "value": [repr(params[name]) for name in changed],
            "default": [repr(defaults[name]) for name in changed],
        },
        index=changed,
        dtype=object,
    )


def _versions() -> dict[str, str]:
    """Return the versions of the packages that are installed, not merely on the path."""
    versions = {}
    for name in _PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions


def _to_markdown(frame: pd.DataFrame) -> str:
    """Return a frame as a table of Markdown."""
    rows = [["", *map(str, frame.columns)], ["---"] * (1 + frame.shape[1])]
    rows += [[str(index), *map(_write, row)] for index, *row in frame.itertuples()]
    lines = (" | ".join(cell.replace("|", "\\|") for cell in row) for row in rows)
    return "\n".join(f"| {line} |".replace("\n", " ") for line in lines)


def _write(value: Any) -> str:
    if isinstance(value, (float, np.floating)):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, (int, np.integer)) else str(value)
