"""
=========================
Text beside other columns
=========================

A table often holds text beside numbers and categories. A recurrent network reads the text alone.
How can the other columns join in, and do they help?
"""

# %%
# The data
# --------
# Tweets, with three columns made from them. The share of capitals is news to the network, whose
# vectorizer folds the case.
from sklearn_rnn.datasets import load_tweet_sentiment


def make_table(subset, n_rows):
    frame = load_tweet_sentiment(subset=subset).frame.head(n_rows)
    text = frame["text"]
    frame["length"] = text.str.len()
    frame["capitals"] = text.str.count("[A-Z]") / text.str.len()
    frame["kind"] = "other"
    frame.loc[text.str.contains("http"), "kind"] = "link"
    frame.loc[text.str.startswith("@"), "kind"] = "reply"
    frame.loc[text.str.startswith("RT"), "kind"] = "retweet"
    return frame.drop(columns=["label", "split"]), frame["label"]


X_train, y_train = make_table("train", 3000)
X_test, y_test = make_table("test", 2000)
X_train.head()

# %%
# Text alone
# ----------
# A :class:`~sklearn.compose.ColumnTransformer` picks the text, turns it into token ids and drops
# the rest.
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline

from sklearn_rnn import RNNTextClassifier, SequenceVectorizer

text_model = make_pipeline(
    ColumnTransformer([("ids", SequenceVectorizer(), "text")]),
    RNNTextClassifier(max_epochs=5, random_state=0),
)

# %%
# The other columns alone
# -----------------------
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import OneHotEncoder, StandardScaler

columns = ColumnTransformer(
    [
        ("numbers", StandardScaler(), ["length", "capitals"]),
        ("categories", OneHotEncoder(), ["kind"]),
    ]
)
column_model = make_pipeline(columns, LogisticRegression())

# %%
# Both
# ----
# :class:`~sklearn.ensemble.StackingClassifier` fits a last model on the class probabilities of
# the two. It takes them from a cross-validation, so that the last model learns how far each can
# be trusted on documents that it has not seen.
from sklearn.ensemble import StackingClassifier

stack = StackingClassifier(
    [("text", text_model), ("columns", column_model)],
    final_estimator=LogisticRegression(),
    cv=3,
)

# %%
# Side by side
# ------------
# Accuracy counts the documents that are right. The log loss looks at the probabilities: it is
# lower, the more of them stands on the true class.
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
# As a plot
# ---------
import matplotlib.pyplot as plt

fig, axes = plt.subplots(1, 2, figsize=(8, 2.4), layout="constrained", sharey=True)
for ax, measure in zip(axes, scores, strict=True):
    bars = ax.barh(scores.index, scores[measure], color=["tab:gray", "tab:blue", "tab:orange"])
    ax.bar_label(bars, fmt="%.3f", padding=3)
    ax.set(title=measure, xlim=(0, 1.2 * scores[measure].max()))
    ax.spines[["top", "right"]].set_visible(False)
plt.show()
