"""
===========================
Learn from a file in chunks
===========================

A corpus may be larger than memory, or still be growing. ``partial_fit`` learns from one chunk after
another and keeps none of them. This example writes the tweets that ship with the package to a CSV
file and reads them back a thousand at a time.
"""

# %%
# The file
# --------
# Imagine that this file does not fit into memory.
from pathlib import Path
from tempfile import TemporaryDirectory

from sklearn_rnn.datasets import load_tweet_sentiment

folder = TemporaryDirectory()
csv = Path(folder.name) / "tweets.csv"
train = load_tweet_sentiment(subset="train").frame.sample(frac=0.5, random_state=0)
train.to_csv(csv, index=False)
X_test, y_test = load_tweet_sentiment(subset="test", return_X_y=True)

# %%
# One chunk after another
# -----------------------
# The first call needs all ``classes``, because a chunk may lack some of them. The vocabulary grows
# with the chunks: with ``min_df=2`` a word gets an id and a vector once it has occurred in two
# documents. Until then it is treated as the unknown token.
import pandas as pd

from sklearn_rnn import RNNTextClassifier, SequenceVectorizer

classes = ["negative", "neutral", "positive"]
clf = RNNTextClassifier(vectorizer=SequenceVectorizer(min_df=2), random_state=0)
rows = []
# By default, pandas reads the word "None" as missing, and a carriage return within a tweet as the
# end of a line.
as_text = {"keep_default_na": False, "lineterminator": "\n"}
for chunk in pd.read_csv(csv, chunksize=1000, **as_text):
    clf.partial_fit(chunk["text"], chunk["label"], classes=classes)
    rows.append(
        {
            "documents": clf.t_,
            "words": len(clf.vectorizer_.vocabulary_),
            "loss": clf.loss_curve_[-1],
            "accuracy": clf.score(X_test, y_test),
        }
    )
progress = pd.DataFrame(rows).set_index("documents")
progress.round(3)

# %%
# Progress from chunk to chunk
# ----------------------------
import matplotlib.pyplot as plt

fig, axes = plt.subplots(1, 3, figsize=(11, 3.2), layout="constrained")
titles = ["Known words", "Training loss", "Accuracy on the test documents"]
for ax, name, title in zip(axes, progress, titles, strict=True):
    progress[name].plot(ax=ax, marker="o", title=title, xlabel="documents so far")
    ax.grid(alpha=0.3)
plt.show()

# %%
# Stop and resume
# ---------------
# The optimizer's state and the word counts are pickled with the estimator, so you can resume a
# stream where you left it and get the same weights as without the break. The learning rate is
# constant; you can lower it by hand towards the end.
import pickle

later = pickle.loads(pickle.dumps(clf)).set_params(lr=5e-4)
for chunk in pd.read_csv(csv, chunksize=1000, **as_text):
    later.partial_fit(chunk["text"], chunk["label"])
print(f"accuracy after a second pass at a lower rate: {later.score(X_test, y_test):.3f}")

# %%
# Parquet
# -------
# Read Parquet files in the same way, with pyarrow.
try:
    import pyarrow.parquet as pq
except ImportError:
    print("pyarrow is not installed")
else:
    parquet = csv.with_suffix(".parquet")
    train.to_parquet(parquet, index=False)
    for batch in pq.ParquetFile(parquet).iter_batches(batch_size=5000):
        chunk = batch.to_pandas()
        later.partial_fit(chunk["text"], chunk["label"])
    print(f"{later.t_:,} documents seen so far")

folder.cleanup()
