"""Scores of what sequences are turned into: tags, spans and texts.

Tags are lists of str, one per sentence; texts are str. The metrics of spans come from seqeval and
those of texts from sacrebleu, which ``pip install 'sklearn-rnn[metrics]'`` installs.
"""

from ._items import exact_match_score, perplexity_score, token_accuracy_score
from ._scorers import get_scorer, get_scorer_names
from ._spans import (
    span_classification_report,
    span_f1_score,
    span_precision_score,
    span_recall_score,
)
from ._texts import bleu_score, chrf_score

__all__ = [
    "bleu_score",
    "chrf_score",
    "exact_match_score",
    "get_scorer",
    "get_scorer_names",
    "perplexity_score",
    "span_classification_report",
    "span_f1_score",
    "span_precision_score",
    "span_recall_score",
    "token_accuracy_score",
]
