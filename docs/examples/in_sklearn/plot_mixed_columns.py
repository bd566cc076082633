"""
=======================
Text with other columns
=======================

A table often has numbers and categories as well as text, but a recurrent network reads only the
text. How can a model use the other columns too, and what does that gain?
"""

# %%
# The data
# --------
# Which messages does a service desk answer at once? The tweets are real. The other columns are made
# up, and so is the answer: it depends on the mood of the message, on what the customer pays, and on
# the hours that passed since.
import numpy as np

from sklearn_rnn.datasets import load_tweet_sentiment

MOODS = {"negative": 4, "neutral": 0, "positive": -4}
PLANS = {"free": -1.5, "basic": 0, "business": 1.5}


def make_table(subset, n_rows, seed):
    tweets = load_tweet_sentiment(subset=subset).frame.head(n_rows)
    rng = np.random.default_rng(seed)
    table = tweets[["text"]].assign(
        plan=rng.choice(list(PLANS), n_rows), hours=rng.exponential(12, n_rows).round(1)
    )
    urgency = tweets["label"].map(MOODS) + table["plan"].map(PLANS) + table["hours"] / 12 - 1
    is_urgent = urgency + rng.logistic(size=n_rows) > 0
    return table, is_urgent.map({True: "now", False: "later"})


X_train, y_train = make_table("train", 3000, seed=0)
X_test, y_test = make_table("test", 2000, seed=1)
X_train.head()

# %%
# Text alone
# ----------
# A :class:`~sklearn.compose.ColumnTransformer` selects the text and drops the rest. With pandas
# output, the classifier gets a data frame of text, and starts from word vectors.
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline

from sklearn_rnn import RNNTextClassifier

select_text = ColumnTransformer([("text", "passthrough", ["text"])])
text_model = make_pipeline(
    select_text.set_output(transform="pandas"), RNNTextClassifier(max_epochs=4, random_state=0)
)

# %%
# The other columns alone
# -----------------------
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import OneHotEncoder, StandardScaler

columns = ColumnTransformer(
    [("numbers", StandardScaler(), ["hours"]), ("categories", OneHotEncoder(), ["plan"])]
)
column_model = make_pipeline(columns, LogisticRegression())

# %%
# Both
# ----
# :class:`~sklearn.ensemble.StackingClassifier` fits a final model on the class probabilities of the
# two. It computes them by cross-validation, so the final model learns how far to trust each of them
# on documents they have not seen.
from sklearn.ensemble import StackingClassifier

stack = StackingClassifier(
    [("text", text_model), ("columns", column_model)],
    final_estimator=LogisticRegression(),
    cv=3,
)

# %%
# Comparison
# ----------
# Accuracy is the share of documents classified correctly. The log loss looks at the probabilities:
# the more probability a model gives the true class, the lower it is.
import pandas as pd
from sklearn.metrics import accuracy_score, log_loss

models = {"columns": column_model, "text": text_model, "both": stack}
scores = {}
for name, model in models.items():
    model.fit(X_train, y_train)
    scores[name] = {
        "accuracy": accuracy_score(y_test, model.predict(X_test)),
        "log loss": log_loss(y_test, model.predict_proba(X_test)),
    }
scores = pd.DataFrame.from_dict(scores, orient="index")
scores.round(3)

# %%
# Each model knows a part of what decides. Together they know more.
import matplotlib.pyplot as plt

fig, axes = plt.subplots(1, 2, figsize=(8, 2.4), layout="constrained", sharey=True)
for ax, measure in zip(axes, scores, strict=True):
    bars = ax.barh(scores.index, scores[measure], color=["tab:gray", "tab:blue", "tab:orange"])
    ax.bar_label(bars, fmt="%.3f", padding=3)
    ax.set(title=measure, xlim=(0, 1.2 * scores[measure].max()))
    ax.spines[["top", "right"]].set_visible(False)
plt.show()
