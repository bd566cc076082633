"""
=====================================
Words that training did not see
=====================================

A vocabulary of words reads every new word as the same unknown token. What do subwords make of it?
"""

# %%
# Unknown words
# -------------
# We train on 2,000 tweets. How many of the words in other tweets are new?
from sklearn_rnn import SequenceVectorizer
from sklearn_rnn.datasets import load_tweet_sentiment

X_train, y_train = (part[:2000] for part in load_tweet_sentiment(subset="train", return_X_y=True))
X_test, y_test = (part[:1000] for part in load_tweet_sentiment(subset="test", return_X_y=True))

words = SequenceVectorizer().fit(X_train)
ids = words.transform(X_test).data
print(f"{(ids == 1).mean():.0%} of the tokens in the test documents are unknown")

# %%
# Parts of words
# --------------
# :class:`~sklearn_rnn.SubwordVectorizer` learns which parts words are made of. A frequent word is
# one token, a rare one is a few, and in the end there are single bytes, so that nothing is unknown.
# "##" marks tokens that continue a word.
import pandas as pd

from sklearn_rnn import SubwordVectorizer

subwords = SubwordVectorizer(vocab_size=2000).fit(X_train)
split = words.build_analyzer()
new = sorted({word for text in X_test for word in split(text)} - set(words.vocabulary_))
new = [word for word in new if word.isalpha() and len(word) > 7][::60]
pd.DataFrame(
    {
        "word": new,
        "subwords": [" ".join(subwords.tokens_[row.data]) for row in subwords.transform(new)],
    }
)

# %%
# Longer sequences
# ----------------
# The price is length: the fewer tokens there are to choose from, the more of them a document takes,
# and the longer training lasts. Characters are the extreme.
import matplotlib.pyplot as plt

vectorizers = {
    "characters": SequenceVectorizer(analyzer="char"),
    "500 subwords": SubwordVectorizer(vocab_size=500),
    "2,000 subwords": subwords,
    "8,000 subwords": SubwordVectorizer(vocab_size=8000),
    "words": words,
}
lengths = {name: v.fit(X_train).transform(X_test).nnz / 1000 for name, v in vectorizers.items()}
fig, ax = plt.subplots(figsize=(6, 2.5), layout="constrained")
ax.barh(list(lengths), list(lengths.values()))
ax.set(xlabel="tokens per tweet")
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# Do they help?
# -------------
# Both start from random vectors here, since word vectors belong to whole words.
from sklearn_rnn import RNNTextClassifier

for name in ("words", "2,000 subwords"):
    clf = RNNTextClassifier(
        vectorizer=vectorizers[name], embedding=None, max_epochs=4, random_state=0
    )
    print(f"{name}: {clf.fit(X_train, y_train).score(X_test, y_test):.3f}")

# %%
# English has few forms of each word, so there is little to gain. In languages with many endings, or
# without spaces, subwords do better: the user guide has figures for Thai and Indonesian.
