"""
=======================
Predict without PyTorch
=======================

A service that handles one request at a time needs a small program and low latency. You can export a
fitted classifier as an ONNX model, which onnxruntime runs without PyTorch. How much lower is the
latency, and are the predictions the same?
"""

# %%
# Fit and export
# --------------
# A classifier of tweets, trained briefly. The model contains the whole network, from token ids to
# probabilities; its metadata contains the vocabulary and the classes.
from sklearn_rnn import RNNTextClassifier, export_onnx
from sklearn_rnn.datasets import load_tweet_sentiment

X, y = load_tweet_sentiment(subset="train", return_X_y=True, as_frame=False)
clf = RNNTextClassifier(max_epochs=2, random_state=0).fit(X[:3000], y[:3000])
model = export_onnx(clf)
print(f"{model.ByteSize() / 1e6:.1f} MB")

# %%
# The same predictions
# --------------------
# The model takes padded token ids as int32.
import numpy as np
import onnxruntime

session = onnxruntime.InferenceSession(model.SerializeToString())
token_ids = clf.vectorizer_.transform(X[3000:3256]).toarray()
label, probabilities = session.run(None, {"token_ids": token_ids})

difference = np.abs(probabilities - clf.predict_proba(token_ids)).max()
print(f"largest difference in a probability: {difference:.0e}")
print(f"same labels: {np.mean(label == clf.predict(token_ids)):.1%}")

# %%
# Latency
# -------
# Time calls with one, two, four, ... documents.
from timeit import repeat

numbers = 2 ** np.arange(9)
waits = {"predict_proba": [], "onnxruntime": []}
for n in numbers:
    batch = token_ids[:n]
    calls = {
        "predict_proba": lambda batch=batch: clf.predict_proba(batch),
        "onnxruntime": lambda batch=batch: session.run(["probabilities"], {"token_ids": batch}),
    }
    for name, call in calls.items():
        waits[name].append(np.median(repeat(call, number=1, repeat=20)))

# %%
# For a single document, most of the time is spent on the way to the network and back, where data is
# checked, sorted and passed from library to library. The more documents in a call, the less this
# matters.
import matplotlib.pyplot as plt

fig, ax = plt.subplots(figsize=(6, 4), layout="constrained")
for name, seconds in waits.items():
    ax.loglog(numbers, 1000 * np.array(seconds), marker="o", label=name)
ax.set(
    title="Time of a call",
    xlabel="documents in a call",
    ylabel="milliseconds",
    xticks=numbers,
    xticklabels=numbers,
)
ax.minorticks_off()
ax.grid(alpha=0.3)
ax.legend()
plt.show()
