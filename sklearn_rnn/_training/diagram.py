"""The network of a fitted estimator as blocks of scikit-learn's diagram."""

from __future__ import annotations

from typing import Any

from torch import nn

from sklearn_rnn._sklearn_compat import _VisualBlock
from sklearn_rnn.modules import WideAndDeep
from sklearn_rnn.modules._summary import NetworkPart, summarize


def diagram_of(network: nn.Module, vectorizers: dict[str, Any]) -> Any:
    """Return the block of a fitted estimator: its vectorizers, followed by the network.

    Parameters
    ----------
    network : torch.nn.Module
        The network.
    vectorizers : dict of str to transformer or None
        What turns text into ids, by the name of the parameter.
    """
    given = {name: each for name, each in vectorizers.items() if each is not None}
    names = [f"{name}: {type(each).__name__}" for name, each in given.items()]
    parts = summarize(network)
    deep = [_block(part) for part in parts if not part.is_wide]
    wide = [_block(part) for part in parts if part.is_wide]
    if isinstance(network, WideAndDeep):
        share = network.wide_weight
        paths = [_VisualBlock("serial", path, dash_wrapped=False) for path in (deep, wide)]
        shares = [f"recurrent network: {1 - share:.0%}", f"wide path: {share:.0%}"]
        deep = [_VisualBlock("parallel", paths, names=shares, name_details=shares)]
    return _VisualBlock(
        "serial",
        [*given.values(), *deep],
        names=[*names, *[None] * len(deep)],
        name_details=[*map(str, given.values()), *[None] * len(deep)],
    )


def _block(part: NetworkPart) -> Any:
    name = f"{part.name}: {part.kind}"
    caption = ", ".join(filter(None, [part.size, f"{part.n_weights:,} weights"]))
    return _VisualBlock("single", None, names=name, name_details=caption, name_caption=caption)
