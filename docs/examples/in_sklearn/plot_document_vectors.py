"""
================
Document vectors
================

:class:`~sklearn_rnn.RNNTextEncoder` turns documents into vectors for other scikit-learn estimators.
It learns the vectors from the labels, so documents with the same label lie close together. What do
estimators gain that rely on distances?
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
encoder.transform(X_test).iloc[:3, :5]

# %%
# Vectors without labels, for comparison: TF-IDF weights of the words, reduced to 100 features.
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline

words = make_pipeline(TfidfVectorizer(sublinear_tf=True), TruncatedSVD(100, random_state=0))
words.fit(X_train)
spaces = {"TF-IDF": words, "RNNTextEncoder": encoder}
vectors = {
    name: (space.transform(X_train), space.transform(X_test)) for name, space in spaces.items()
}

# %%
# A map of test tweets
# --------------------
import matplotlib.pyplot as plt

markers = {"negative": ("tab:orange", "v"), "neutral": ("0.5", "."), "positive": ("tab:blue", "^")}
fig, axes = plt.subplots(1, 2, figsize=(10, 4.4), layout="constrained")
for ax, (title, (_, of_test)) in zip(axes, vectors.items(), strict=True):
    points = PCA(2, random_state=0).fit_transform(of_test)
    for label, (color, marker) in markers.items():
        x, y = points[(y_test == label).to_numpy()].T
        ax.scatter(x, y, s=14, c=color, marker=marker, alpha=0.6, label=label)
    ax.set(title=title, xlabel="first component", ylabel="second component")
axes[1].legend()
plt.show()

# %%
# Neighbours and clusters
# -----------------------
# Neighbours vote on the label of a test tweet; the accuracy tells how often they are right.
# Clusters know no labels; the adjusted Rand index compares the three clusters of the test tweets
# with their labels, and is 0 for clusters at random and 1 for perfect ones.
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import normalize

rows = {}
for name, (of_train, of_test) in vectors.items():
    neighbors = KNeighborsClassifier(15, metric="cosine").fit(of_train, y_train)
    clusters = KMeans(3, random_state=0).fit_predict(normalize(of_test))
    rows[name] = {
        "accuracy of 15 neighbours": neighbors.score(of_test, y_test),
        "adjusted Rand index": adjusted_rand_score(y_test, clusters),
    }
pd.DataFrame(rows).T.round(3)

# %%
# Both gain from vectors that were learned for the task: neighbours are right more often, and the
# clusters agree with the labels better than by chance.

# %%
# In a pipeline
# -------------
# As a step of a pipeline, the encoder is fitted along with what follows, so cross-validation scores
# both on documents that neither has seen.
from sklearn.model_selection import cross_val_score

model = make_pipeline(
    RNNTextEncoder(hidden_size=32, random_state=0), KNeighborsClassifier(15, metric="cosine")
)
scores = cross_val_score(model, X_train[:2000], y_train[:2000], cv=3)
pd.Series(scores, name="accuracy").round(3)
