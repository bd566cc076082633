"""Networks that were wrapped to train them in several processes."""

from __future__ import annotations

from collections.abc import Iterable

from torch import nn

# By name: to import some of them takes long. accelerate wraps networks in one of them, too.
_WRAPPERS = {
    *("DistributedDataParallel", "DDP"),  # the latter is a base class that torch's replicate adds
    *("FullyShardedDataParallel", "FSDPModule"),
    "DeepSpeedEngine",
}


def refuse_wrapped(modules: Iterable[nn.Module]) -> None:
    """Raise an error if a module is wrapped to add up its gradients over processes.

    Such wrappers listen to :meth:`torch.Tensor.backward`, which training here does not call: each
    process would silently train a network of its own.

    Raises
    ------
    TypeError
        If there is one.
    """
    for module in modules:
        for class_ in type(module).__mro__:
            if class_.__name__ in _WRAPPERS:
                raise TypeError(
                    f"The network is wrapped in {class_.__name__}, which would not add up the "
                    "gradients of the processes here. Leave the network as it is, and set n_shards "
                    "to the number of processes or a multiple of it."
                )
