"""The package tokenizers: imported when it is needed, and safe to fork.

Its threads do not survive a fork. Unless it is told, a forked process waits for them forever, or
prints a warning.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any

_SETTING = "TOKENIZERS_PARALLELISM"
_settings: list[str | None] = []


@cache
def import_tokenizers() -> Any:
    """Return the package, set up so that forked processes do without threads."""
    import tokenizers
    import tokenizers.decoders
    import tokenizers.models
    import tokenizers.normalizers
    import tokenizers.pre_tokenizers
    import tokenizers.trainers

    if hasattr(os, "register_at_fork"):
        # The package reads the setting while the process forks, before Python runs in the new one.
        os.register_at_fork(before=_forbid_threads, after_in_parent=_restore_setting)
    return tokenizers


def is_panic(exc: BaseException) -> bool:
    """Recognise a panic of Rust, which is not an Exception in Python."""
    return type(exc).__name__ == "PanicException"


def _forbid_threads() -> None:
    _settings.append(os.environ.get(_SETTING))
    os.environ[_SETTING] = "false"


def _restore_setting() -> None:
    setting = _settings.pop()
    if setting is None:
        del os.environ[_SETTING]
    else:
        os.environ[_SETTING] = setting
