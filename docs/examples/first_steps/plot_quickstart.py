"""
=========================
Classify tweets from text
=========================

A recurrent network reads a document word by word. This example trains one on raw tweets, as a
scikit-learn estimator, to predict whether a tweet is negative, neutral or positive.
"""

# %%
# The data
# --------
# The package ships the tweets with a fixed split into training and test sets. A part of the
# training set is enough for a first look.
from sklearn_rnn.datasets import load_tweet_sentiment

X_train, y_train = load_tweet_sentiment(subset="train", return_X_y=True)
X_test, y_test = load_tweet_sentiment(subset="test", return_X_y=True)
X_train, y_train = X_train[:8000], y_train[:8000]
X_train.head()

# %%
# Fit
# ---
# Raw text needs no pipeline: the classifier has its own :class:`~sklearn_rnn.SequenceVectorizer`.
# With ``early_stopping=True`` it sets some of the documents aside and scores them after each epoch.
from sklearn_rnn import RNNTextClassifier

clf = RNNTextClassifier(early_stopping=True, random_state=0)
clf.fit(X_train, y_train)
print(f"accuracy on the test documents: {clf.score(X_test, y_test):.3f}")

# %%
# The learning curve
# ------------------
# ``loss_curve_`` holds the training loss of each epoch, and ``validation_scores_`` the accuracy on
# the documents set aside.
import matplotlib.pyplot as plt
from matplotlib.ticker import MaxNLocator

epochs = range(1, len(clf.loss_curve_) + 1)
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
left.plot(epochs, clf.loss_curve_, marker="o")
left.set(title="Training loss", xlabel="epoch", ylabel="loss")
right.plot(epochs, clf.validation_scores_, marker="o", color="tab:orange")
right.set(title="Accuracy on documents set aside", xlabel="epoch", ylabel="accuracy")
for ax in (left, right):
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.grid(alpha=0.3)
plt.show()

# %%
# Errors
# ------
# Every tool that takes a fitted classifier takes this one. Each row of the matrix adds up to one
# and shows how the documents of one true class were classified.
from sklearn.metrics import ConfusionMatrixDisplay

fig, ax = plt.subplots(figsize=(4.8, 4.2), layout="constrained")
ConfusionMatrixDisplay.from_estimator(
    clf, X_test, y_test, normalize="true", values_format=".2f", cmap="Blues", ax=ax
)
ax.set_title("Tweets, test documents")
plt.show()

# %%
# New documents
# -------------
# ``predict_proba`` returns one column per class, in the order of ``classes_``.
import pandas as pd

documents = ["what a lovely day, thank you!", "the queue was endless", "not bad at all"]
pd.DataFrame(clf.predict_proba(documents), index=documents, columns=clf.classes_).round(2)
