"""
============================
What is inside a model file?
============================

:func:`sklearn_rnn.save` writes a fitted estimator to one file in the safetensors format. The file
contains data and no code, so others can look inside before they load it, and can load it without
having to trust it. This example saves a classifier, looks into the file without sklearn_rnn, and
shows what happens if the file is damaged.
"""

# %%
# A classifier of tweets
# ======================
#
# Few tweets and few epochs keep this fast.

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
# Contents
# ========
#
# Any program that reads safetensors finds the weights under their names in the network.

import pandas as pd
from safetensors import safe_open

with safe_open(path, "np") as file:
    metadata = file.metadata()
    sizes = {name.partition(".")[2]: file.get_slice(name).get_shape() for name in file.keys()}
weights = pd.Series(sizes, name="shape")
weights = weights[weights.index.str.startswith(("deep", "wide"))]
weights.to_frame()

# %%
# Most of the file is the table of word vectors.

import matplotlib.pyplot as plt
import numpy as np

numbers = weights.map(np.prod).sort_values().tail(6)
fig, ax = plt.subplots(figsize=(7, 2.6), layout="constrained")
ax.barh(numbers.index, numbers * 4 / 2**20)
ax.set(xlabel="MiB", title="The largest arrays")
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# The rest is JSON: the parameters, what ``fit`` learned, and the versions of the libraries.

import json

record = json.loads(metadata["sklearn_rnn"])
print(record["versions"])
print({name: record["content"]["params"][name] for name in ("cell", "hidden_size", "lr")})
print(record["content"]["learned"]["classes_"])

# %%
# Loading
# =======
#
# The loaded classifier gives the same probabilities, to the bit.

loaded = sklearn_rnn.load(path)
(loaded.predict_proba(X[1500:]) == clf.predict_proba(X[1500:])).all()

# %%
# A damaged file
# ==============
#
# The checksum detects even a single changed bit, here in the last weight.

data = bytearray(path.read_bytes())
data[-1] ^= 1
path.write_bytes(data)
try:
    sklearn_rnn.load(path)
except sklearn_rnn.exceptions.ModelFileError as error:
    print(error)

folder.cleanup()
