"""
================================
Search over cells and directions
================================

Which cell works best, and does it help to read backwards as well? Every hyperparameter of
:class:`~sklearn_rnn.RNNTextClassifier` is a plain parameter, so a grid search can tell.
"""

# %%
# The pipeline turns text into token ids and classifies them. Few tweets and few epochs keep this
# fast, but make scores noisy: look at the standard deviations before you draw conclusions.
from sklearn.pipeline import Pipeline

from sklearn_rnn import RNNTextClassifier, SequenceVectorizer
from sklearn_rnn.datasets import load_tweet_sentiment

X, y = load_tweet_sentiment(subset="train", return_X_y=True)
X, y = X[:1500], y[:1500]

model = Pipeline(
    [
        ("vectorizer", SequenceVectorizer(max_features=5000)),
        ("clf", RNNTextClassifier(max_epochs=4, random_state=0)),
    ]
)

# %%
# The search
# ----------
from sklearn.model_selection import GridSearchCV

grid = {"clf__cell": ["rnn", "lstm", "gru"], "clf__bidirectional": [False, True]}
search = GridSearchCV(model, grid, cv=3, refit=False)
search.fit(X, y)

# %%
# The results as a table
# ----------------------
import pandas as pd

results = pd.DataFrame(search.cv_results_)
results = results.rename(columns=lambda name: name.removeprefix("param_clf__"))
results[["cell", "bidirectional", "mean_test_score", "std_test_score", "mean_fit_time"]].round(3)

# %%
# The results as a heat map
# -------------------------
import matplotlib.pyplot as plt

scores = results.pivot(index="cell", columns="bidirectional", values="mean_test_score")
scores = scores.loc[["rnn", "lstm", "gru"]]
spread = results.pivot(index="cell", columns="bidirectional", values="std_test_score")

fig, ax = plt.subplots(figsize=(5, 4), layout="constrained")
image = ax.imshow(scores.to_numpy(dtype=float), cmap="viridis", aspect="auto")
middle = (scores.min(axis=None) + scores.max(axis=None)) / 2
for row, cell in enumerate(scores.index):
    for column, bidirectional in enumerate(scores.columns):
        score = scores.loc[cell, bidirectional]
        text = f"{score:.3f}\n± {spread.loc[cell, bidirectional]:.3f}"
        color = "black" if score > middle else "white"
        ax.text(column, row, text, ha="center", va="center", color=color)
ax.set_xticks([0, 1], ["forward", "both directions"])
ax.set_yticks(range(len(scores)), [name.upper() for name in scores.index])
ax.set(title="Accuracy, mean of three folds", ylabel="cell")
fig.colorbar(image, ax=ax, label="accuracy")
plt.show()
