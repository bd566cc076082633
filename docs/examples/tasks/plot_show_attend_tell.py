"""
=====================
Show, attend and tell
=====================

A translator can read a picture instead of a text: here, it describes handwritten digits in words.
Where does it look at each word?
"""

# %%
# Pictures and captions
# ---------------------
# scikit-learn has 1,797 digits of 8 by 8 pixels. Each caption is made from the data: how much ink
# there is, and which digit it is.
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

NAMES = "zero one two three four five six seven eight nine".split()

digits = load_digits()
images = digits.images / 16
ink = images.sum(axis=(1, 2))
kinds = np.array(["thin", "plain", "thick"])[np.digitize(ink, np.quantile(ink, [1 / 3, 2 / 3]))]
names = np.array(NAMES)[digits.target]
y = np.array([f"a {kind} {name}" for kind, name in zip(kinds, names, strict=True)], object)
print(y[:5])

# %%
# Patches
# -------
# The source is a row of vectors for each picture: one for each of the 64 pixels, with the patch of
# 5 by 5 pixels around it. Rows have no order, so each also says where it is. Its place is as dark
# as the pixel itself: where there is no ink, there is nothing to be placed.
rows, columns = np.divmod(np.arange(64), 8)
places = np.hstack([np.eye(8)[rows], np.eye(8)[columns]])


def cut(images):
    """Return the patches of pictures, of shape (n_pictures, n_patches, n_features)."""
    padded = np.pad(images, ((0, 0), (2, 2), (2, 2)))
    patches = np.lib.stride_tricks.sliding_window_view(padded, (5, 5), axis=(1, 2))
    dark = images.reshape(-1, 64, 1)
    return np.concatenate([patches.reshape(-1, 64, 25), places * dark], axis=2)


# %%
# A digit stays the same when it is moved by a pixel. So each training picture is used five times.
train, test = train_test_split(
    np.arange(len(images)), test_size=400, stratify=digits.target, random_state=0
)
moves = [(0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)]
frame = np.pad(images[train], ((0, 0), (1, 1), (1, 1)))
X_train = np.concatenate([cut(frame[:, 1 + i : 9 + i, 1 + j : 9 + j]) for i, j in moves])
y_train = np.tile(y[train], len(moves))
X_test, y_test = cut(images[test]), y[test]
print(X_train.shape)

# %%
# Learning
# --------
# The decoder starts from the mean of all patches, and attends to some of them for each word
# (Xu et al., 2015).
from sklearn_rnn import RNNTranslator

model = RNNTranslator(
    attention="additive", hidden_size=64, lr=5e-3, batch_size=16, max_epochs=8, random_state=0
)
model.fit(X_train, y_train)
captions = model.predict(X_test)
named = np.array([caption.split()[-1] for caption in captions])
print(f"digits named right: {np.mean(named == names[test]):.3f}")
print(f"captions right to the last word: {model.score(X_test, y_test):.3f}")

# %%
# Where it looks
# --------------
# For each word there is a weight for each pixel. Here they are drawn over the digit: the redder,
# the more attention.
import matplotlib.pyplot as plt

weights = model.attention_weights(X_test[:4])
fig, axes = plt.subplots(4, 4, figsize=(7, 7), layout="constrained")
for row, image, caption, attention in zip(
    axes, images[test[:4]], captions[:4], weights, strict=True
):
    for ax in row:
        ax.imshow(image, cmap="gray_r")
        ax.axis("off")
    for ax, word, of_word in zip(row[1:], caption.split(), attention, strict=True):
        ax.imshow(of_word.reshape(8, 8), cmap="Reds", alpha=0.7)
        ax.set_title(word)
plt.show()

# %%
# Ink and paper
# -------------
# How much of the attention falls on the ink, compared with attention spread evenly? The word that
# names the digit depends on where the ink is, so there the network looks for it. "a" is always the
# same, and "thin" or "thick" is a matter of the whole picture, whose mean the decoder starts from:
# for these words it need not look anywhere.
is_ink = images[test].reshape(-1, 64) > 0.5
weights = np.array(model.attention_weights(X_test, y_test))  # (n_pictures, n_words, 64)
in_ink = (weights * is_ink[:, None]).sum(axis=2).mean(axis=0)
print(f"share of the pixels that are ink: {is_ink.mean():.2f}")
for word, share in zip(["a", "thin, plain, thick", "digit"], in_ink, strict=True):
    print(f"{word:>20}: {share:.2f} of the attention, {share / is_ink.mean():.1f} times as much")
