"""The weights of networks, to be compared to the bit."""

import torch


def copy_weights(module):
    return {name: value.detach().clone() for name, value in module.state_dict().items()}


def same_weights(first, second):
    assert first.keys() == second.keys()
    return all(torch.equal(first[name], second[name]) for name in first)


def have_same_weights(first, second):
    """Return whether two fitted classifiers have the same weights."""
    return same_weights(copy_weights(first.module_), copy_weights(second.module_))
