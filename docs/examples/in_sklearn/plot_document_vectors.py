"""
================
Document vectors
================

:class:`~sklearn_rnn.RNNTextEncoder` turns documents into vectors for other scikit-learn estimators.
It learns the vectors from the labels, so that documents which mean the same lie close together.
"""

# %%
# Learn the vectors
# -----------------
from sklearn_rnn import RNNTextEncoder
from sklearn_rnn.datasets import load_tweet_sentiment

X_train, y_train = load_tweet_sentiment(subset="train", return_X_y=True)
X_test, y_test = load_tweet_sentiment(subset="test", return_X_y=True)
X_train, y_train, X_test, y_test = X_train[:8000], y_train[:8000], X_test[:1500], y_test[:1500]

encoder = RNNTextEncoder(hidden_size=32, random_state=0).set_output(transform="pandas")
encoder.fit(X_train, y_train)
vectors = encoder.transform(X_test)
vectors.iloc[:3, :5]

# %%
# A map of test tweets
# --------------------
# The first two principal components of the vectors, compared with those of TF-IDF weights, which
# know nothing about sentiment.
import matplotlib.pyplot as plt
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline

words = make_pipeline(TfidfVectorizer(sublinear_tf=True), TruncatedSVD(random_state=0))
maps = {
    "TF-IDF": words.fit(X_train).transform(X_test),
    "RNNTextEncoder": PCA(2, random_state=0).fit_transform(vectors),
}
markers = {"negative": ("tab:orange", "v"), "neutral": ("0.5", "."), "positive": ("tab:blue", "^")}
fig, axes = plt.subplots(1, 2, figsize=(10, 4.4), layout="constrained")
for ax, (title, points) in zip(axes, maps.items(), strict=True):
    for label, (color, marker) in markers.items():
        x, y = points[(y_test == label).to_numpy()].T
        ax.scatter(x, y, s=14, c=color, marker=marker, alpha=0.6, label=label)
    ax.set(title=title, xlabel="first component", ylabel="second component")
axes[1].legend()
plt.show()

# %%
# Neighbours
# ----------
# For each new sentence, the labels of the 50 closest test tweets.
import pandas as pd
from sklearn.neighbors import NearestNeighbors

documents = ["the worst flight ever", "boarding starts at noon", "thank you so much"]
neighbors = NearestNeighbors(n_neighbors=50, metric="cosine").fit(vectors)
_, rows = neighbors.kneighbors(encoder.transform(documents))
pd.DataFrame(
    {
        document: y_test.iloc[row].value_counts()
        for document, row in zip(documents, rows, strict=True)
    }
).fillna(0)

# %%
# Before another classifier
# -------------------------
# As a step of a pipeline, the encoder is fitted along with the classifier, so cross-validation
# scores both on documents that neither has seen.
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.preprocessing import StandardScaler

model = make_pipeline(
    RNNTextEncoder(hidden_size=32, random_state=0),
    StandardScaler(),
    LogisticRegression(max_iter=1000),
)
scores = cross_val_score(model, X_train[:2000], y_train[:2000], cv=3)
pd.Series(scores, name="accuracy").round(3)
