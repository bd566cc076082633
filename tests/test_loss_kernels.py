import pytest
import torch
from torch import nn

from sklearn_rnn.modules import kernels as own_kernels

try:
    own_kernels.load_kernels()
except RuntimeError as error:
    pytest.skip(str(error), allow_module_level=True)


def make_batch(n_documents, n_classes, scale=1.0):
    torch.manual_seed(0)
    outputs = [(scale * torch.randn(n_documents, n_classes)).requires_grad_() for _ in range(2)]
    return outputs, torch.randint(n_classes, (n_documents,)), torch.rand(n_documents)


def by_torch(outputs, targets, weights, label_smoothing):
    criterion = nn.CrossEntropyLoss(reduction="none", label_smoothing=label_smoothing)
    return sum((criterion(o, targets) * weights).mean() for o in outputs) / len(outputs)


@pytest.mark.parametrize("scale", [1.0, 1e4])
@pytest.mark.parametrize("label_smoothing", [0.0, 0.3])
@pytest.mark.parametrize("n_classes", [1, 2, 7])
@pytest.mark.parametrize("n_outputs", [1, 2])
def test_cross_entropy_is_that_of_torch(n_outputs, n_classes, label_smoothing, scale):
    outputs, *others = make_batch(5, n_classes, scale)
    outputs = outputs[:n_outputs]
    ours = own_kernels.cross_entropy(outputs, *others, label_smoothing)
    theirs = by_torch(outputs, *others, label_smoothing)
    torch.testing.assert_close(ours, theirs)
    for factor in (1.0, 0.5):
        grads = torch.autograd.grad(ours * factor, outputs, retain_graph=True)
        expected = torch.autograd.grad(theirs * factor, outputs, retain_graph=True)
        torch.testing.assert_close(grads, expected, atol=1e-7, rtol=1e-5)


@pytest.mark.parametrize("target", [-1, 3])
def test_targets_that_are_no_classes_are_refused(target):
    outputs, _, weights = make_batch(1, 3)
    with pytest.raises(IndexError, match="numbers of classes"):
        own_kernels.cross_entropy(outputs, torch.tensor([target]), weights)


def test_outputs_that_are_no_numbers_give_no_number():
    outputs, targets, weights = make_batch(2, 3)
    outputs[0].data[0, 0] = torch.nan
    assert own_kernels.cross_entropy(outputs, targets, weights).isnan()
