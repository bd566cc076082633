r"""
2. The plain cell and its state
===============================

A recurrent network keeps one vector, its state, and changes it with every word. The simplest cell
does so in one line. Here you watch the states, and compute them by hand.
"""

# %%
# One equation
# ------------
# The plain cell (Elman, 1990) adds up what it makes of the word, :math:`x_t`, and of its previous
# state, :math:`h_{t-1}`. The tanh keeps each number between -1 and 1:
#
# .. math:: h_t = \tanh(W x_t + U h_{t-1} + b)
#
# :math:`W`, :math:`U` and :math:`b` are learned, and are the same at every word, so a cell reads
# documents of any length. The cell is ``cell="rnn"``, and ``hidden_size`` is the number of units,
# the numbers in a state. The other parameters leave the cell on its own: it reads forwards, and the
# label is computed from its last state and nothing else.
from sklearn_rnn import RNNTextClassifier
from sklearn_rnn.datasets import make_word_order

X, y = make_word_order(1200, min_length=6, max_length=10, random_state=0)
clf = RNNTextClassifier(
    cell="rnn",
    hidden_size=16,
    bidirectional=False,
    pooling="last",
    skip_connection=False,
    wide_weight=0,
    random_state=0,
)
clf.fit(X, y)
X_new, y_new = make_word_order(400, min_length=6, max_length=10, random_state=1)
print(f"accuracy on new documents: {clf.score(X_new, y_new):.3f}")

# %%
# By hand
# -------
# The whole network is a loop over the equation. :func:`~sklearn_rnn.inspection.trace` records the
# states of the fitted network; these here are the same, up to rounding.
import numpy as np
import torch

from sklearn_rnn.inspection import trace

network = clf.module_
cell = network.encoder.layers[0][0].cell
W, U = cell.weight_ih.detach().numpy(), cell.weight_hh.detach().numpy()
b = (cell.bias_ih + cell.bias_hh).detach().numpy()


def read(document):
    """Return the state after each word, of shape (n_tokens, n_units)."""
    ids = torch.tensor(clf.vectorizer_.transform([document]).data)
    states = [np.zeros(len(b))]
    for x in network.embedding(ids).detach().numpy():
        states.append(np.tanh(W @ x + U @ states[-1] + b))
    return np.array(states[1:])


praise = "the lamp was good , not bad at all this week"
complaint = "the lamp was bad , not good at all this week"
difference = np.abs(read(praise) - trace(clf, praise).get()).max()
print(f"largest difference: {difference:.0e}")

# %%
# The path of the state
# ---------------------
# A state has 16 numbers. Their first two principal components make a map, on which a document is a
# path. Both documents have the same words. The paths coincide until the first adjective, and end at
# different places.
import matplotlib.pyplot as plt
from sklearn.decomposition import PCA

pca = PCA(2).fit(np.concatenate([read(document) for document in X_new]))

fig, ax = plt.subplots(figsize=(7, 5), layout="constrained")
for document, color in ((complaint, "tab:orange"), (praise, "tab:blue")):
    words = document.split()
    path = pca.transform(read(document))
    ax.plot(*path.T, color=color, marker="o", markersize=4, label=document)
    for word, place in zip(words, path, strict=True):
        ax.annotate(word, place, xytext=(4, 4), textcoords="offset points", color=color)
ax.set(xlabel="first component", ylabel="second component", title="The state after each word")
ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), frameon=False)
plt.show()

# %%
# What the label is computed from
# -------------------------------
# A linear layer turns the last state into a probability for each label. If the document ended
# earlier, an earlier state would be the last one. Up to "was" there is nothing to know, and the
# network guesses; it has never seen a document without such a phrase. "bad" decides, since "good"
# and "not" stand before it, and the words after it change little.
from sklearn_rnn.inspection import ReadingDisplay

ReadingDisplay.from_estimator(clf, praise)
plt.show()

# %%
# The state itself, unit by unit. The words after the phrase change it as well: whatever the network
# is to remember has to survive them.
from sklearn_rnn.inspection import StateDisplay

StateDisplay.from_estimator(clf, praise)
plt.show()

# %%
# Try it
# ------
# Let the network read "good" and then ten neutral words before ", not bad". Does the state still
# know the adjective? Then set ``hidden_size=2``, and draw the states themselves in place of their
# principal components.

# %%
# Read on
# -------
# - Next: :doc:`/auto_examples/lesson/plot_3_vanishing_gradient`.
# - Back: :doc:`/auto_examples/lesson/plot_1_order`.
# - All cells and their equations: :doc:`/user_guide/cells`.
