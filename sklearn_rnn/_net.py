"""The skorch net: how a batch meets the network and the loss."""

from __future__ import annotations

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import EarlyStopping
from torch import Tensor

from sklearn_rnn._batching import SequenceDataset, TokenBatch


class SequenceNet(NeuralNet):
    """skorch net over `SequenceDataset`, with a weight for each document.

    Its own are: `fit` takes the pair of training and validation set (or None) as `X`; a batch
    reaches the module as a packed sequence; the loss is the mean over documents of weight times
    loss, of each output where the module returns several. The rest is skorch.
    """

    def get_split_datasets(
        self, X: tuple[SequenceDataset, SequenceDataset | None], y: None = None, **fit_params
    ) -> tuple[SequenceDataset, SequenceDataset | None]:
        """Return the two sets, already split."""
        return X

    def infer(self, x: TokenBatch, **fit_params) -> Tensor:
        """Run the module on a batch."""
        return self.module_(x.ids.to(self.device), **fit_params)

    def get_loss(
        self,
        y_pred: Tensor | tuple[Tensor, ...],
        y_true: tuple[Tensor, Tensor],
        X: TokenBatch | None = None,
        training: bool = False,
    ) -> Tensor:
        """Return the weighted mean loss of a batch, averaged over several outputs."""
        outputs = y_pred if isinstance(y_pred, tuple) else (y_pred,)
        targets, weights = (part.to(outputs[0].device) for part in y_true)
        losses = [(self.criterion_(output, targets) * weights).mean() for output in outputs]
        return sum(losses) / len(losses)

    def fit_loop(self, *args, **kwargs) -> SequenceNet:
        """Train, and remember whether the user interrupted it.

        skorch's early stopping ends training by a KeyboardInterrupt too; which one it was shows in
        that callback's count of misses.
        """
        self.interrupted_ = False
        try:
            return super().fit_loop(*args, **kwargs)
        except KeyboardInterrupt:
            self.interrupted_ = not any(
                isinstance(callback, EarlyStopping) and callback.misses_ >= callback.patience
                for _, callback in self.callbacks_
            )
            raise

    def __getstate__(self):
        # skorch pickles `module_` apart from the rest, and `module` is the same one once more.
        state = super().__getstate__()
        if self.module is getattr(self, "module_", None):
            del state["module"]
        return state

    def __setstate__(self, state):
        super().__setstate__(state)
        self.__dict__.setdefault("module", self.__dict__.get("module_"))

    def outputs(self, dataset: SequenceDataset) -> np.ndarray:
        """Return the module's outputs in the order of the data set.

        Parameters
        ----------
        dataset : SequenceDataset
            The documents.

        Returns
        -------
        outputs : ndarray of float32 of shape (n_documents, n_outputs)
        """
        outputs = None
        for batch in self.get_iterator(dataset, training=False):
            rows = batch[0].rows
            part = self.evaluation_step(batch).float().cpu().numpy()
            if outputs is None:
                outputs = np.empty((len(dataset), *part.shape[1:]), part.dtype)
            outputs[rows] = part
        return outputs


def resolve_device(device: str | torch.device, estimator: object) -> torch.device:
    """Return the torch device, "auto" being the GPU where there is one.

    Parameters
    ----------
    device : str or torch.device
        What the user asked for.
    estimator : estimator instance
        Who asks, for the message.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    message = (
        f"The 'device' parameter of {type(estimator).__name__} must be 'auto' or a device that "
        f"torch has here. Got {device!r} instead"
    )
    try:
        # Whether the device is there, and computes, shows when something is put there and read.
        probe = torch.zeros(1, device=device)
        probe.cpu()
        return probe.device
    except (RuntimeError, AssertionError) as exc:
        raise ValueError(f"{message}: {exc}") from exc
