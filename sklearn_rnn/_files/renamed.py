"""Names that have changed since the first files were written, so that old files still open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PARAMETERS = {"compile": "kernels", "doubly_stochastic": "attention_penalty"}
NETWORK_ARGUMENTS = {"native": "kernels", "doubly_stochastic": "attention_penalty"}


def with_current_names(values: Mapping[str, Any], renamed: Mapping[str, str]) -> dict[str, Any]:
    """Return values by the names they have today.

    Examples
    --------
    >>> from sklearn_rnn._files.renamed import PARAMETERS, with_current_names
    >>> with_current_names({"cell": "gru", "compile": True}, PARAMETERS)
    {'cell': 'gru', 'kernels': True}
    """
    return {renamed.get(name, name): value for name, value in values.items()}
