"""The loss of a batch in one autograd function, which also computes its gradient."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from ._build import load_kernels
from ._interface import CrossEntropy


def cross_entropy(
    outputs: Sequence[Tensor],
    targets: Tensor,
    weights: Tensor,
    label_smoothing: float = 0.0,
) -> Tensor:
    """Return the weighted mean of :class:`torch.nn.CrossEntropyLoss` over documents and outputs.

    Parameters
    ----------
    outputs : sequence of torch.Tensor of float32 of shape (n_documents, n_classes)
        Logits, contiguous and on the CPU, as all tensors here.
    targets : torch.Tensor of int64 of shape (n_documents,)
        The class of each document.
    weights : torch.Tensor of float32 of shape (n_documents,)
        The weight of each document.
    label_smoothing : float, default=0.0
        As there.

    Returns
    -------
    loss : torch.Tensor of float32 of shape ()

    Raises
    ------
    IndexError
        If a target is not a class.
    """
    return _CrossEntropy.apply(targets, weights, label_smoothing, *outputs)


class _CrossEntropy(Function):
    @staticmethod
    def forward(ctx, targets, weights, smoothing, *outputs):
        loss, grads = 0.0, []
        others = targets.data_ptr(), weights.data_ptr(), smoothing
        for output in outputs:
            grad = torch.empty_like(output)
            arguments = CrossEntropy(*output.shape, output.data_ptr(), *others)
            part = load_kernels().cross_entropy(arguments, grad.data_ptr())
            if part == -1:
                raise IndexError("Targets must be numbers of classes, below the number of outputs.")
            loss += part / len(outputs)
            grads.append(grad)
        ctx.save_for_backward(*grads)
        return outputs[0].new_tensor(loss)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_loss):
        factor = grad_loss / len(ctx.saved_tensors)
        return None, None, None, *(grad * factor for grad in ctx.saved_tensors)
