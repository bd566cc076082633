"""
======================
Answer without PyTorch
======================

A service that answers one request after another wants a small program and a short wait. A fitted
classifier can be exported as an ONNX model, which onnxruntime runs without PyTorch. How much
shorter is the wait, and are the answers the same?
"""

# %%
# Fit and export
# --------------
# A classifier of tweets, trained for a short time. The file holds the whole network, from token
# ids to probabilities, and in its metadata the vocabulary and the classes.
from sklearn_rnn import RNNTextClassifier, export_onnx
from sklearn_rnn.datasets import load_tweet_sentiment

X, y = load_tweet_sentiment(subset="train", return_X_y=True, as_frame=False)
clf = RNNTextClassifier(max_epochs=2, random_state=0).fit(X[:3000], y[:3000])
model = export_onnx(clf)
print(f"{model.ByteSize() / 1e6:.1f} MB")

# %%
# The same answers
# ----------------
# The model reads padded token ids, int32.
import numpy as np
import onnxruntime

session = onnxruntime.InferenceSession(model.SerializeToString())
token_ids = clf.vectorizer_.transform(X[3000:3256]).toarray()
label, probabilities = session.run(None, {"token_ids": token_ids})

difference = np.abs(probabilities - clf.predict_proba(token_ids)).max()
print(f"largest difference of a probability: {difference:.0e}")
print(f"same labels: {np.mean(label == clf.predict(token_ids)):.1%}")

# %%
# The wait
# --------
# Documents are given one, two, four, ... at a time, and each call is timed.
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
# Most of the wait for a single document is the way to the network and back, on which the data are
# checked, sorted and handed from library to library. The more documents a call brings, the less
# that matters.
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
