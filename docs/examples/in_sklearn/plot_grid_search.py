"""
=================================
Search over cells and directions
=================================

Which cell works best, and does it help to read backwards as well? Every hyperparameter of
:class:`~sklearn_rnn.RNNTextClassifier` is a plain parameter, so a grid search can tell.
"""

# %%
# A task for which the cell matters
# ---------------------------------
# In these documents, a phrase such as "good , not bad" stands somewhere among neutral words, and
# only its order tells the label. Two settings make sure that the cells decide the score. With
# ``wide_weight=0`` there is no linear model of word pairs, which would solve the task alone. With
# ``pooling="last"`` the network has to remember the phrase to the end of the document.
from sklearn.pipeline import Pipeline

from sklearn_rnn import RNNTextClassifier, SequenceVectorizer
from sklearn_rnn.datasets import make_word_order

X, y, groups = make_word_order(900, max_length=60, random_state=0, return_groups=True)
model = Pipeline(
    [
        ("vectorizer", SequenceVectorizer()),
        ("clf", RNNTextClassifier(wide_weight=0, pooling="last", dropout=0, max_epochs=8)),
    ]
)

# %%
# The search
# ----------
# A network that starts from other random weights gets another score. With several seeds in the
# grid, the spread of the scores shows how much of a difference is luck. Documents come in pairs
# with the same words; :class:`~sklearn.model_selection.GroupKFold` keeps each pair in one fold.
from sklearn.model_selection import GridSearchCV, GroupKFold

grid = {
    "clf__cell": ["rnn", "lstm", "gru"],
    "clf__bidirectional": [False, True],
    "clf__random_state": [0, 1, 2],
}
search = GridSearchCV(model, grid, cv=GroupKFold(2), refit=False)
search.fit(X, y, groups=groups)

# %%
# The results as a table
# ----------------------
# Mean and standard deviation of the accuracy over two folds and three seeds; 0.5 is chance.
import pandas as pd

results = pd.DataFrame(search.cv_results_)
results = results.rename(columns=lambda name: name.removeprefix("param_clf__"))
folds = [f"split{i}_test_score" for i in range(2)]
scores = results.melt(["cell", "bidirectional"], folds, value_name="accuracy")
scores = scores.groupby(["cell", "bidirectional"])["accuracy"].agg(["mean", "std"])
scores.round(3)

# %%
# The results as a heat map
# -------------------------
# The plain cell forgets the phrase on the way to the end of the document. Reading from both ends
# helps it a little: one of the ends is near. The LSTM remembers the phrase in all fits. The GRU
# does so from both ends, but forward not in every fit. Do not prefer a setting for a difference as
# small as that between the two LSTMs: it is within the standard deviation.
import matplotlib.pyplot as plt

mean = scores["mean"].unstack().loc[["rnn", "lstm", "gru"]]
spread = scores["std"].unstack()

fig, ax = plt.subplots(figsize=(5, 4), layout="constrained")
image = ax.imshow(mean.to_numpy(dtype=float), cmap="viridis", aspect="auto")
middle = (mean.min(axis=None) + mean.max(axis=None)) / 2
for row, cell in enumerate(mean.index):
    for column, bidirectional in enumerate(mean.columns):
        score = mean.loc[cell, bidirectional]
        text = f"{score:.3f}\n± {spread.loc[cell, bidirectional]:.3f}"
        color = "black" if score > middle else "white"
        ax.text(column, row, text, ha="center", va="center", color=color)
ax.set_xticks([0, 1], ["forward", "both directions"])
ax.set_yticks(range(len(mean)), [name.upper() for name in mean.index])
ax.set(title="Accuracy over two folds and three seeds", ylabel="cell")
fig.colorbar(image, ax=ax, label="accuracy")
plt.show()
