"""
===============================
What is in the file of a model?
===============================

:func:`sklearn_rnn.save` writes a fitted estimator to one file in the safetensors format. It holds
data and no code, so that others can look into it before they open it, and can open it without
trusting it. This example saves a classifier, looks into the file without sklearn_rnn, and shows
what happens to a damaged one.
"""

# %%
# A classifier of tweets
# ======================
#
# A part of the tweets and few epochs, to be quick.

import sklearn_rnn
from sklearn_rnn.datasets import load_tweet_sentiment

X, y = load_tweet_sentiment(subset="train", return_X_y=True)
clf = sklearn_rnn.RNNTextClassifier(max_epochs=3, random_state=0).fit(X[:1500], y[:1500])

from pathlib import Path
from tempfile import TemporaryDirectory

folder = TemporaryDirectory()
path = Path(folder.name, "tweets.safetensors")
sklearn_rnn.save(clf, path)
print(f"{path.stat().st_size / 2**20:.1f} MiB")

# %%
# Its content
# ===========
#
# Any program that reads safetensors finds the weights, by the names that they have in the network.

import pandas as pd
from safetensors import safe_open

with safe_open(path, "np") as file:
    metadata = file.metadata()
    sizes = {name.partition(".")[2]: file.get_slice(name).get_shape() for name in file.keys()}
weights = pd.Series(sizes, name="shape")
weights[weights.index.str.startswith(("deep", "wide"))].to_frame()

# %%
# The rest is JSON: the parameters, what ``fit`` learned, and the versions of the libraries.

import json

record = json.loads(metadata["sklearn_rnn"])
print(record["versions"])
print({name: record["content"]["params"][name] for name in ("cell", "hidden_size", "lr")})
print(record["content"]["learned"]["classes_"])

# %%
# Opened again
# ============
#
# The loaded classifier gives the same probabilities, to the bit.

loaded = sklearn_rnn.load(path)
(loaded.predict_proba(X[1500:]) == clf.predict_proba(X[1500:])).all()

# %%
# A damaged file
# ==============
#
# A single bit that has changed, here in the last weight, is noticed by the checksum.

data = bytearray(path.read_bytes())
data[-1] ^= 1
path.write_bytes(data)
try:
    sklearn_rnn.load(path)
except sklearn_rnn.exceptions.ModelFileError as error:
    print(error)

folder.cleanup()
