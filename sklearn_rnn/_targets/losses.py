"""Losses: from the outputs and targets of documents to one number for each document."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class BinaryCrossEntropy(nn.Module):
    """Cross-entropy of the presence of each label, summed over the labels.

    Parameters
    ----------
    label_smoothing : float, default=0.0
        Fraction of each target that is spread evenly over presence and absence.
    class_weight : torch.Tensor of shape (2, n_labels), default=None
        Weights of the absence and of the presence of each label. None means 1.

    Examples
    --------
    >>> import torch
    >>> from sklearn_rnn._targets.losses import BinaryCrossEntropy
    >>> logits, targets = torch.zeros(1, 2), torch.tensor([[0.0, 1.0]])
    >>> BinaryCrossEntropy()(logits, targets)  # twice log(2)
    tensor([1.3863])
    """

    class_weight: Tensor | None

    def __init__(self, label_smoothing: float = 0.0, class_weight: Tensor | None = None) -> None:
        super().__init__()
        self.label_smoothing = label_smoothing
        self.register_buffer("class_weight", class_weight)

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the loss of each document, shape (n_documents,)."""
        smooth = torch.lerp(targets, torch.full_like(targets, 0.5), self.label_smoothing)
        losses = F.binary_cross_entropy_with_logits(logits, smooth, reduction="none")
        if self.class_weight is not None:
            losses = losses * torch.where(targets > 0, self.class_weight[1], self.class_weight[0])
        return losses.sum(dim=1)


class NumberLoss(nn.Module):
    """Loss of real numbers, summed over the outputs of a document.

    Parameters
    ----------
    loss : {"squared_error", "absolute_error", "huber", "quantile", "poisson"}
        The loss. "squared_error" is half the square, as elsewhere in scikit-learn, and "poisson"
        half the deviance, up to a term of the target only, of outputs that are the logarithm of the
        mean.
    quantile : float, default=0.5
        The quantile to predict. Only used by "quantile".
    epsilon : float, default=1.0
        Error up to which "huber" is half the square. Beyond, it is linear.

    Examples
    --------
    >>> import torch
    >>> from sklearn_rnn._targets.losses import NumberLoss
    >>> NumberLoss("quantile", quantile=0.9)(torch.zeros(2, 1), torch.tensor([[1.0], [-1.0]]))
    tensor([0.9000, 0.1000])
    """

    def __init__(self, loss: str, *, quantile: float = 0.5, epsilon: float = 1.0) -> None:
        super().__init__()
        self.loss = loss
        self.quantile = quantile
        self.epsilon = epsilon

    def forward(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the loss of each document, shape (n_documents,)."""
        return getattr(self, f"_{self.loss}")(outputs, targets).sum(dim=1)

    def _squared_error(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return (outputs - targets).square() / 2

    def _absolute_error(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return (outputs - targets).abs()

    def _huber(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return F.huber_loss(outputs, targets, reduction="none", delta=self.epsilon)

    def _quantile(self, outputs: Tensor, targets: Tensor) -> Tensor:
        error = targets - outputs
        return torch.maximum(self.quantile * error, (self.quantile - 1) * error)

    def _poisson(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return outputs.exp() - targets * outputs


# By name, as files say which one a network was trained with.
LOSSES: dict[str, type[nn.Module]] = {
    class_.__name__: class_ for class_ in (nn.CrossEntropyLoss, BinaryCrossEntropy, NumberLoss)
}
