r"""
11. Writing text
================

A language model learns which token comes next. So it can write: here, it invents words that could
be English, and tells them from those that could not.
"""

# %%
# One token after another
# -----------------------
# The probability of a text is a product, with a factor for each token given those before it, and
# the state :math:`h_{t-1}` is all that the network knows of them:
#
# .. math:: p(x_1, \dots, x_T) = \prod_t p(x_t \mid x_{<t}), \qquad
#     p(\cdot \mid x_{<t}) = \operatorname{softmax}(V h_{t-1} + b)
#
# Training makes the mean of :math:`-\log p` small. The *perplexity* is the exponential of this
# mean: at 10, the model is as unsure as if it had to choose among ten equal tokens.

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
# To write, the model draws a token, reads it, and draws the next one. The scores are divided by the
# ``temperature`` before the softmax: below 1 the likely letters get likelier, above 1 all become
# more alike. Words that occur in the list are marked with a star.
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

# %%
# Try it
# ------
# Train on names, with ``load_names().data[:10_000]`` in place of the words. What does the model
# write after "mar"? Then set ``top_k=3`` in ``generate``, which draws among the three likeliest
# letters only.

# %%
# Read on
# -------
# - Next: :doc:`/auto_examples/lesson/plot_12_translating`.
# - Back: :doc:`/auto_examples/lesson/plot_10_grid_lstm`.
# - What a language model expects, and what it remembers:
#   :doc:`/auto_examples/inside/plot_language_model_units`.
# - Beams, prompts and streams: :doc:`/user_guide/generating_text`.
