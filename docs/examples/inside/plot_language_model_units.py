"""
=============================================================
What does a language model expect, and what does it remember?
=============================================================

A language model of characters predicts each letter of a book from those before it. Which letters
surprise it, and does one of its units remember that a quotation is still open?
"""

# %%
# A model that reads a book letter by letter
# ------------------------------------------
# The model learns from ten chapters of Alice's Adventures in Wonderland; the last two are kept for
# looking at it. ``documents=False`` reads the chapters as one long text, ``batch_size=16`` at
# sixteen places side by side. With ``forget_bias="chrono"`` some units start out remembering many
# letters, others only a few.
from sklearn_rnn import RNNLanguageModel
from sklearn_rnn.datasets import load_alice

model = RNNLanguageModel(
    documents=False,
    cell="gru",
    forget_bias="chrono",
    hidden_size=128,
    batch_size=16,
    max_epochs=20,
    random_state=0,
)
model.fit(load_alice(subset="train").data)

unseen = load_alice(subset="test").data
print(f"perplexity of a character in the last two chapters: {model.perplexity(unseen):.2f}")

# %%
# Which letters surprise it
# -------------------------
# The darker a letter, the less probable it was. Hover over one to see what the model expected
# instead.
from sklearn_rnn.inspection import SurpriseDisplay

start = unseen[0].index("\u2018I wish you wouldn\u2019t squeeze so")
passage = unseen[0][start : start + 700]
SurpriseDisplay.from_estimator(model, passage)

# %%
# The same for one line, as bars. Above the bar of a letter that was not the most probable one
# stands the letter that was.
import matplotlib.pyplot as plt

SurpriseDisplay.from_estimator(model, passage.splitlines()[0]).plot()
plt.show()

# %%
# A word is hardest to guess at its first letter.
import numpy as np

from sklearn_rnn.inspection import surprise

frame = surprise(model, unseen)
is_letter = frame["token"].str.isalpha()
words = (~is_letter).cumsum()
place = is_letter.groupby(words).cumsum()
by_place = (-frame["log_prob"])[is_letter].groupby(place).mean()
for letter, nats in by_place[:6].items():
    print(f"letter {letter} of a word: {nats:.2f} nats, as from {np.exp(nats):.1f} equal choices")

# %%
# Does a unit know that a quotation is open?
# ------------------------------------------
# To predict a closing quotation mark, a model has to remember the opening one, tens or hundreds of
# letters before. :func:`~sklearn_rnn.inspection.unit_correlations` searches all units for one
# that tells letters inside quotes from those outside (Karpathy et al., 2016). Units are sorted by
# one of the unseen chapters; the other shows how well the best ones hold up.
import re

from sklearn_rnn.inspection import unit_correlations


def is_quoted(letters):
    """Tell which letters stand between single quotation marks."""
    quoted = np.zeros(len(letters), dtype=bool)
    # An apostrophe inside a word closes nothing.
    for match in re.finditer(r"\u2018.*?\u2019(?!\w)", "".join(letters), re.DOTALL):
        quoted[match.start() : match.end() - 1] = True
    return quoted


units = unit_correlations(model, unseen, is_quoted, random_state=0)
print(units.attrs)
units.head().round(3)

# %%
# The AUC is the probability that the state is larger at a letter inside quotes than at one outside:
# 0.5 is chance, 0 and 1 are perfect. The first unit is far ahead of the others: it remembers the
# open quotation, although the model has only learned to predict letters. Which unit that is depends
# on `random_state`, and with less training there may be none.
#
# The unit at work
# ----------------
# Purple letters are those after which the state is positive, orange ones those after which it is
# negative.
from sklearn_rnn.inspection import ShadedDocument, trace

unit = units["unit"][0]
t = trace(model, passage)
states = t.get()[:, unit]
ShadedDocument(t.words, states, caption=f"state of unit {unit}")

# %%
fig, ax = plt.subplots(figsize=(8, 2.8), layout="constrained")
ax.plot(states, linewidth=1)
ax.fill_between(
    range(len(states)),
    *(-1.05, 1.05),
    where=is_quoted(t.tokens),
    step="mid",
    color="tab:orange",
    alpha=0.25,
    linewidth=0,
)
ax.set(
    xlabel="character",
    ylabel="hidden state",
    xlim=(0, len(states)),
    title=f"Unit {unit}, quotations shaded",
)
plt.show()
