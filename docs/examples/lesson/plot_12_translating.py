r"""
12. Translating
===============

A translator is a language model that reads something first. Here it reads dates as people write
them, and writes them in ISO 8601. Where does it look while it writes?
"""

# %%
# Encoder and decoder
# -------------------
# The encoder reads the source :math:`x` in both directions. The decoder writes the target :math:`y`
# as a language model does. The first thing that it reads is a summary of the source. At each token
# it predicts from its state, :math:`q_i`, and from a weighted mean of the encoder's states,
# :math:`a_i` (see :doc:`/auto_examples/lesson/plot_9_attention`):
#
# .. math:: p(y \mid x) = \prod_i p(y_i \mid y_{<i}, x), \qquad
#     p(\cdot \mid y_{<i}, x) = \operatorname{softmax}(V \tanh(C [q_i ; a_i]) + b)
#
# In training the decoder reads the true target (teacher forcing). When it predicts, it reads what
# it wrote itself.

# %%
# Pairs
# -----
# Python writes some thousand days in seven ways. 500 of them, none of which the model sees in
# training, are for the test.
from datetime import date, timedelta

import numpy as np

FORMATS = ["%d %B %Y", "%d %b %y", "%B %d, %Y", "%A, %d %B %Y", "%d/%m/%Y", "%d.%m.%y", "%b %d %Y"]

rng = np.random.default_rng(0)
n_days = (date(2030, 1, 1) - date(1970, 1, 1)).days
days = [date(1970, 1, 1) + timedelta(int(n)) for n in rng.choice(n_days, 4000, replace=False)]
X = [day.strftime(rng.choice(FORMATS)).replace(" 0", " ").lstrip("0") for day in days]
y = [day.isoformat() for day in days]
X_train, X_test, y_train, y_test = X[:3500], X[3500:], y[:3500], y[3500:]
for source, target in zip(X[:5], y[:5], strict=True):
    print(f"{source:>28} -> {target}")

# %%
# Learning
# --------
# Both sides are read by characters. `score` is the share of dates that are right to the last digit.
from sklearn_rnn import RNNTranslator, SequenceVectorizer

characters = SequenceVectorizer(analyzer="char", lowercase=False)
model = RNNTranslator(
    source_vectorizer=characters,
    target_vectorizer=characters,
    hidden_size=64,
    batch_size=32,
    max_epochs=10,
    random_state=0,
)
model.fit(X_train, y_train)
print(f"exact matches: {model.score(X_test, y_test):.3f}")

# %%
# Where it looks
# --------------
# Each row is a character that the model writes, and shows how much attention it paid to the
# characters of the source. The year stands last in the source and comes first in ISO 8601, and "05"
# has to be read from "May". The bars above are the coverage, the attention that a character got
# from the whole target.
import matplotlib.pyplot as plt

from sklearn_rnn.inspection import AlignmentDisplay

AlignmentDisplay.from_estimator(model, "3 May 1979")
plt.show()

# %%
# The same day in other words. The weekday tells nothing about the date, and gets little attention.
AlignmentDisplay.from_estimator(model, "Thursday, 3 May 1979")
plt.show()

# %%
# Attention shows what the model read, not why it wrote a character: the encoder reads the source in
# both directions, so the state at a character knows its neighbours too. It may look next to the
# character that matters.
(weights,) = model.attention_weights(["Thursday, 3 May 1979"])
print(f"attention to the weekday: {weights[:, :8].sum() / len(weights):.3f}")

# %%
# Several targets
# ---------------
# A beam finds the most probable targets. Their scores, the logarithm of the probability for each
# character, tell how sure the model is. It has no doubt about "1.2.03", which has the format of
# others. "3 Ma 1979" could be in May or in March: it prefers May, and March comes next.
texts, scores = model.translate(["1.2.03", "3 Ma 1979"], beam_size=5, n_best=3, return_scores=True)
for found, values in zip(texts, scores, strict=True):
    print(dict(zip(found, values.round(2).tolist(), strict=True)))

# %%
# Try it
# ------
# Write all dates in one way, with ``FORMATS = ["%d %B %Y"]``. How few pairs are enough then? Now
# exchange ``X`` and ``y``: the model has to write the name of the month.

# %%
# Read on
# -------
# - Back: :doc:`/auto_examples/lesson/plot_11_writing`.
# - Pictures in place of texts: :doc:`/auto_examples/tasks/plot_show_attend_tell`.
# - Sentences, beams and scores: :doc:`/user_guide/translation`.
