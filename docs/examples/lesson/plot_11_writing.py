"""
========================
Inventing English words
========================

A language model of characters learns how words are spelled. Can it invent words that could be
English, and tell them from those that could not?
"""

# %%
# The data
# --------
# The vectors that ship with the package come with a list of 67,000 English words, the most frequent
# first. We take those of the first 20,000 that are written in letters, and set some aside.
from sklearn.model_selection import train_test_split

from sklearn_rnn.datasets import load_word_vectors

words = [word for word in load_word_vectors().words[:20_000] if word.isascii() and word.isalpha()]
train, test = train_test_split(words, test_size=1000, random_state=0)
print(len(train), train[:10])

# %%
# Learning to spell
# -----------------
# By default, :class:`~sklearn_rnn.RNNLanguageModel` reads characters. At each of them, it learns to
# predict the next one, or that the word ends.
from sklearn_rnn import RNNLanguageModel

model = RNNLanguageModel(max_epochs=10, random_state=0).fit(train)
print(f"perplexity of a character: {model.perplexity(test):.1f}")

# %%
# Inventing words
# ---------------
# ``temperature`` trades variety for safety. Words that occur in the list are marked with a star.
known = set(words)
for temperature in (0.5, 1.0, 1.5):
    invented = model.generate(n_samples=12, temperature=temperature, random_state=0)
    print(temperature, *(word + "*" * (word in known) for word in invented))

# %%
# A prompt is continued. ``prompt + text`` is the whole word.
for prompt in ("un", "photo", "anti"):
    print(prompt, [prompt + text for text in model.generate(prompt, n_samples=6, random_state=1)])

# %%
# Beam search finds the most likely words instead of drawing some. With ``length_penalty=0``, these
# are the words of the highest probability.
model.generate("inter", num_beams=20, n_samples=5, length_penalty=0)

# %%
# What could be a word?
# ---------------------
# ``log_prob`` tells how likely a word is. We compare words that the model has not seen with words
# that it invented, and with the letters of real words in random order. The longer a word, the less
# likely it is, so we divide by the number of characters, its end included.
import matplotlib.pyplot as plt
import numpy as np

rng = np.random.default_rng(0)
groups = {
    "unseen words": test,
    "invented words": model.generate(n_samples=1000, random_state=2),
    "shuffled letters": ["".join(rng.permutation(list(word))) for word in test],
}
fig, ax = plt.subplots(figsize=(6, 3), layout="constrained")
for name, group in groups.items():
    lengths = np.array([len(word) + 1 for word in group])
    ax.hist(model.log_prob(group) / lengths, bins=np.arange(-6, 0, 0.1), alpha=0.5, label=name)
ax.set(xlabel="log-probability per character", ylabel="number of words")
ax.spines[["top", "right"]].set_visible(False)
ax.legend()
plt.show()

# %%
# Invented words are about as likely as unseen words, for the model: it draws them by their
# probability. Letters in random order are far less likely.
#
# Writing as it comes
# -------------------
# ``stream`` yields the text piece by piece, here a character at a time.
for piece in model.stream("micro", random_state=3):
    print(piece, end="|")
