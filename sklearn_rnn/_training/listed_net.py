"""A skorch net that looks up once per epoch what skorch looks up at every step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from skorch import NeuralNet
from skorch.callbacks import Callback
from torch import nn

from sklearn_rnn._training.wrapped import refuse_wrapped

# The events of a step.
_EVENTS = ("on_batch_begin", "on_grad_computed", "on_batch_end")


class _Lists(NamedTuple):
    """The modules, parameters and callbacks of a net.

    Parameters
    ----------
    modules : list of torch.nn.Module
        The module and the criterion with all their parts.
    parameters : list of (str, torch.nn.Parameter)
        With their names.
    listeners : dict of str to list of skorch.callbacks.Callback
        The callbacks that have something to do for an event, by its name.
    """

    modules: list[nn.Module]
    parameters: list[tuple[str, nn.Parameter]]
    listeners: dict[str, list[Callback]]


class ListedNet(NeuralNet):
    """skorch net that lists modules, parameters and callbacks once per epoch.

    Between the first batch and the end of an epoch they are assumed to stay the same. What a
    callback changes about one of them, such as `requires_grad`, takes effect at once; one that is
    added or replaced is used from the next epoch on.
    """

    # Of the current epoch; None looks everything up again.
    _lists: _Lists | None = None

    def on_epoch_begin(self, net: NeuralNet, *args: Any, **kwargs: Any) -> None:
        """Forget the lists: callbacks may change things between the epochs."""
        super().on_epoch_begin(net, *args, **kwargs)
        self._lists = None

    def on_epoch_end(self, net: NeuralNet, *args: Any, **kwargs: Any) -> None:
        """Forget the lists."""
        super().on_epoch_end(net, *args, **kwargs)
        self._lists = None

    def on_batch_begin(self, net: NeuralNet, *args: Any, **kwargs: Any) -> None:
        """Make the lists before the first batch of an epoch."""
        super().on_batch_begin(net, *args, **kwargs)
        if self._lists is None:
            self._lists = self._list_all()

    def _list_all(self) -> _Lists:
        names = [f"{name}_" for name in self._modules + self._criteria]
        roots = [part for name in names if isinstance(part := getattr(self, name), nn.Module)]
        modules = [part for root in roots for part in root.modules()]
        refuse_wrapped(modules)
        listeners = {
            event: [callback for _, callback in self.callbacks_ if _listens(callback, event)]
            for event in _EVENTS
        }
        return _Lists(modules, list(super().get_all_learnable_params()), listeners)

    def notify(self, method_name: str, **cb_kwargs: Any) -> None:
        """Tell the net and its callbacks of an event."""
        if self._lists is None or method_name not in _EVENTS:
            super().notify(method_name, **cb_kwargs)
            return
        getattr(self, method_name)(self, **cb_kwargs)
        for callback in self._lists.listeners[method_name]:
            getattr(callback, method_name)(self, **cb_kwargs)

    def get_all_learnable_params(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Yield names and parameters of all modules."""
        if self._lists is None:
            return super().get_all_learnable_params()
        return iter(self._lists.parameters)

    def _set_training(self, training: bool = True) -> None:
        """Set all modules to training or evaluation mode, if one is not."""
        if self._lists is None or any(part.training != training for part in self._lists.modules):
            super()._set_training(training)

    def fit_loop(self, *args: Any, **kwargs: Any) -> ListedNet:
        """Train, and forget the lists even if that fails."""
        try:
            super().fit_loop(*args, **kwargs)
        finally:
            self._lists = None
        return self

    def __getstate__(self):
        state = super().__getstate__()
        state.pop("_lists", None)
        return state


def _listens(callback: Callback, event: str) -> bool:
    """Return whether a callback does anything for an event: skorch's base class does nothing."""
    method = getattr(callback, event)
    return getattr(method, "__func__", method) is not getattr(Callback, event)
