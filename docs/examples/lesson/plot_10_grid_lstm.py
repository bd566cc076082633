r"""
10. Grid LSTM: gates along the depth
====================================

Through many layers a gradient vanishes as it does through many words. A Grid LSTM has the same
remedy for both: a memory along the depth as well as along the time.
"""

# %%
# The idea
# --------
# In a stack, each layer computes its output from scratch. A block of a Grid LSTM (Kalchbrenner et
# al., 2016) gets a hidden vector and a memory from the step before, :math:`h_2, m_2`, and a hidden
# vector and a memory from the layer below, :math:`h_1, m_1`. Each of the two dimensions has an LSTM
# of its own, with gates that see both hidden vectors, :math:`H = [h_1; h_2]`:
#
# .. math::
#
#     m' &= \sigma(W_f H) \odot m + \sigma(W_u H) \odot \tanh(W_c H) \\
#     h' &= \tanh(\sigma(W_o H) \odot m')
#
# Along the depth as along the time, no matrix stands between one memory and the next.

# %%
# The gradient by layer
# ---------------------
# Both networks have 16 layers and read the same random vectors. How much of the gradient at the top
# layer reaches the layers below, before any training? In the stack every layer takes its share. The
# grid loses some too, but a hundredth is left at the bottom, hundreds of times as much as in the
# stack.
import numpy as np
import torch

from sklearn_rnn.modules import GridLSTM, LSTMCell, PackedLayout, RecurrentStack

N_LAYERS, SIZE, N_STEPS, N_DOCUMENTS = 16, 32, 10, 20


def gradient_by_layer(network, seed):
    """Return the norm of the gradient at the output of each layer, the lowest first."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(N_STEPS * N_DOCUMENTS, SIZE, generator=generator)
    outputs = []
    for (layer,) in network.layers:
        layer.register_forward_hook(lambda module, args, output: outputs.append(output))
    layout = PackedLayout(torch.full((N_STEPS,), N_DOCUMENTS))
    states = network(x, layout)
    loss = (states * torch.randn(states.shape, generator=generator)).sum()
    return [gradient.norm().item() for gradient in torch.autograd.grad(loss, outputs)]


networks = {
    "stack of LSTMs": lambda: RecurrentStack(LSTMCell, SIZE, SIZE, num_layers=N_LAYERS),
    "Grid LSTM": lambda: GridLSTM(SIZE, SIZE, num_layers=N_LAYERS),
}
norms = {}
for name, make in networks.items():
    norms[name] = []
    for seed in range(5):
        torch.manual_seed(seed)
        by_layer = gradient_by_layer(make(), seed)
        norms[name].append(np.divide(by_layer, by_layer[-1]))
    print(f"{name}: {np.median(norms[name], axis=0)[0]:.0e} at the lowest layer")

# %%
import matplotlib.pyplot as plt

fig, ax = plt.subplots(figsize=(6.5, 3.6), layout="constrained")
for name, by_seed in norms.items():
    ax.plot(range(1, N_LAYERS + 1), np.median(by_seed, axis=0), marker="o", label=name)
ax.set(
    yscale="log",
    xlabel="layer, the top one on the right",
    ylabel="gradient, share of that at the top",
    title="Before training, median of five seeds",
)
ax.legend(frameon=False)
ax.grid(alpha=0.3)
plt.show()

# %%
# Learning with many layers
# -------------------------
# ``cell="grid_lstm"`` replaces the stack by a grid, and ``num_layers`` is its depth. One layer is
# enough for this task. Does a network of sixteen still learn it?
from sklearn_rnn import RNNTextClassifier
from sklearn_rnn.datasets import make_word_order

X, y = make_word_order(400, max_length=10, random_state=0)
X_test, y_test = make_word_order(1000, max_length=10, random_state=1)

curves = {}
for cell, num_layers in (("lstm", 1), ("lstm", 16), ("grid_lstm", 16)):
    clf = RNNTextClassifier(
        cell=cell,
        num_layers=num_layers,
        hidden_size=32,
        bidirectional=False,
        pooling="last",
        skip_connection=False,
        wide_weight=0,
        dropout=0,
        word_dropout=0,
        max_epochs=8,
        random_state=0,
    )
    curves[f"{cell}, layers: {num_layers}"] = clf.fit(X, y).loss_curve_
    print(f"{cell}, layers: {num_layers}, accuracy: {clf.score(X_test, y_test):.2f}")

# %%
# The deep stack learns nothing for three epochs. The grid learns at once, as fast as one layer. On
# so easy a task the stack gets there in the end; :doc:`/benchmarks/grid_lstm` has one on which it
# does not, in the steps that the grid takes. The price is time: a block of the grid computes two
# LSTMs.
fig, ax = plt.subplots(figsize=(6.5, 3.6), layout="constrained")
for (name, loss), style in zip(curves.items(), ("k:", "C0-", "C1-"), strict=True):
    ax.plot(range(1, len(loss) + 1), loss, style, marker="o", markersize=4, label=name)
ax.set(xlabel="epoch", ylabel="training loss")
ax.legend(frameon=False)
ax.grid(alpha=0.3)
plt.show()

# %%
# Try it
# ------
# ``cell="tied_grid_lstm"`` has the same weights in all layers, so that depth costs time, but no
# weights. Does it learn the task too? And what becomes of a stack of 32 LSTMs?

# %%
# Read on
# -------
# - Next: :doc:`/auto_examples/lesson/plot_11_writing`.
# - Back: :doc:`/auto_examples/lesson/plot_9_attention`.
# - Addition and parity, as in the paper: :doc:`/benchmarks/grid_lstm`.
