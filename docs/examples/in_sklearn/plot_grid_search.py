"""
================================
Search over cells and directions
================================

Which cell works best, and does it help to read backwards as well? Every hyperparameter of
:class:`~sklearn_rnn.RNNTextClassifier` is a plain parameter, so a grid search can tell.
"""

# %%
# The pipeline turns text into token ids and classifies them. ``wide_weight=0`` leaves out the
# linear model of words and word pairs, which would decide most of each score on so few tweets and
# hide what the cells do.
from sklearn.pipeline import Pipeline

from sklearn_rnn import RNNTextClassifier, SequenceVectorizer
from sklearn_rnn.datasets import load_tweet_sentiment

X, y = load_tweet_sentiment(subset="train", return_X_y=True)
X, y = X[:1500], y[:1500]

model = Pipeline(
    [
        ("vectorizer", SequenceVectorizer(max_features=5000)),
        ("clf", RNNTextClassifier(wide_weight=0, max_epochs=4)),
    ]
)

# %%
# The search
# ----------
# A network that starts from other random weights gets another score. With several seeds in the
# grid, the spread of the scores shows how much of a difference is luck.
from sklearn.model_selection import GridSearchCV

grid = {
    "clf__cell": ["rnn", "lstm", "gru"],
    "clf__bidirectional": [False, True],
    "clf__random_state": [0, 1, 2],
}
search = GridSearchCV(model, grid, cv=3, refit=False)
search.fit(X, y)

# %%
# The results as a table
# ----------------------
# Mean and standard deviation of the accuracy over three folds and three seeds. Do not prefer a cell
# for a difference smaller than the standard deviation: take more documents, folds and epochs.
import pandas as pd

results = pd.DataFrame(search.cv_results_)
results = results.rename(columns=lambda name: name.removeprefix("param_clf__"))
folds = [f"split{i}_test_score" for i in range(3)]
scores = results.melt(["cell", "bidirectional"], folds, value_name="accuracy")
scores = scores.groupby(["cell", "bidirectional"])["accuracy"].agg(["mean", "std"])
scores.round(3)

# %%
# The results as a heat map
# -------------------------
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
ax.set(title="Accuracy over three folds and three seeds", ylabel="cell")
fig.colorbar(image, ax=ax, label="accuracy")
plt.show()
