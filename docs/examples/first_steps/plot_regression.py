"""
=====================
How positive is text?
=====================

Labels such as negative, neutral and positive have an order, but a classifier does not know it. In
this example a network predicts a number instead, and two quantiles show how certain it is.
"""

# %%
# The sentiment as a number
# -------------------------
import pandas as pd

from sklearn_rnn import RNNTextRegressor
from sklearn_rnn.datasets import load_tweet_sentiment

SCORES = {"negative": -1.0, "neutral": 0.0, "positive": 1.0}
train = load_tweet_sentiment(subset="train").frame.head(4000)
test = load_tweet_sentiment(subset="test").frame
y_train, y_test = train["label"].map(SCORES), test["label"].map(SCORES)

reg = RNNTextRegressor(random_state=0).fit(train["text"], y_train)

# %%
# Comparison with a linear model of words
# ---------------------------------------
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.pipeline import make_pipeline

ridge = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), Ridge())
ridge.fit(train["text"], y_train)
predictions = {"Ridge": ridge.predict(test["text"]), "RNNTextRegressor": reg.predict(test["text"])}
pd.DataFrame(
    {
        name: {"R squared": r2_score(y_test, p), "absolute error": mean_absolute_error(y_test, p)}
        for name, p in predictions.items()
    }
).round(3)

# %%
# Predictions by label
# --------------------
import matplotlib.pyplot as plt

fig, ax = plt.subplots(figsize=(7, 3.6), layout="constrained")
for label, color in zip(SCORES, ("tab:orange", "0.5", "tab:blue"), strict=True):
    predicted = predictions["RNNTextRegressor"][test["label"] == label]
    ax.hist(predicted, bins=40, range=(-1.5, 1.5), histtype="step", lw=2, color=color, label=label)
ax.set(xlabel="predicted sentiment", ylabel="tweets", title="Test tweets, by their label")
ax.legend()
plt.show()

# %%
# How certain it is
# -----------------
# With ``loss="quantile"`` the network predicts a number that the sentiment stays below with the
# given probability. Eight out of ten tweets should fall between the 10 % and the 90 % quantile.
low, middle, high = (
    RNNTextRegressor(loss="quantile", quantile=quantile, random_state=0)
    .fit(train["text"], y_train)
    .predict(test["text"])
    for quantile in (0.1, 0.5, 0.9)
)
within = (low <= y_test) & (y_test <= high)
print(f"within the interval: {within.mean():.0%}, mean width: {(high - low).mean():.2f}")
