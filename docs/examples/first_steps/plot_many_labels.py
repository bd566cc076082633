"""
===========================
Several labels per document
===========================

A document can have several labels at once. Here one network reads tweets and drug reviews, and
predicts both the kind of text and its sentiment.
"""

# %%
# Sets of labels
# --------------
# :class:`~sklearn.preprocessing.MultiLabelBinarizer` turns sets of labels into an indicator matrix
# with one column per label.
import pandas as pd
from sklearn.preprocessing import MultiLabelBinarizer

from sklearn_rnn.datasets import load_drug_reviews, load_tweet_sentiment


def load(subset, n_documents):
    sources = {
        "tweet": load_tweet_sentiment(subset=subset),
        "drug": load_drug_reviews(subset=subset),
    }
    return pd.concat(
        source.frame.head(n_documents).assign(kind=kind) for kind, source in sources.items()
    )


train, test = load("train", 3000), load("test", 1000)
binarizer = MultiLabelBinarizer()
Y_train = binarizer.fit_transform(train[["kind", "label"]].to_numpy())
Y_test = binarizer.transform(test[["kind", "label"]].to_numpy())
pd.DataFrame(Y_train, columns=binarizer.classes_).sample(5, random_state=0)

# %%
# Fit
# ---
# The indicator matrix is all the classifier needs. Each label gets its own probability, and the
# labels with a probability above one half are predicted.
from sklearn_rnn import RNNTextClassifier

clf = RNNTextClassifier(cell="gru", random_state=0).fit(train["text"], Y_train)

# %%
# Scores of each label
# --------------------
from sklearn.metrics import classification_report

print(
    classification_report(
        Y_test, clf.predict(test["text"]), target_names=binarizer.classes_, zero_division=0
    )
)

# %%
# New documents
# -------------
documents = ["My headaches are gone since I take it", "@united where is my bag?!", "love it!"]
probabilities = clf.predict_proba(documents)
pd.DataFrame(probabilities, index=documents, columns=binarizer.classes_).round(2)

# %%
# The same as a picture. The probabilities of a row do not add up to 1: each label is a question of
# its own.
import matplotlib.pyplot as plt

fig, ax = plt.subplots(figsize=(7, 2.4), layout="constrained")
image = ax.imshow(probabilities, cmap="Blues", vmin=0, vmax=1, aspect="auto")
ax.set_xticks(range(len(binarizer.classes_)), binarizer.classes_)
ax.set_yticks(range(len(documents)), documents)
fig.colorbar(image, ax=ax, label="probability")
plt.show()
