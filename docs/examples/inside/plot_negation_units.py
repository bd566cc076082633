"""
=======================================
Is there a unit that notices negations?
=======================================

"not" reverses the meaning of what follows. In a network trained on the sentiment of tweets, is
there a unit whose state changes when it reads a negation?
"""

# %%
# A network that reads forwards
# -----------------------------
from sklearn_rnn import RNNTextClassifier
from sklearn_rnn.datasets import load_tweet_sentiment

X, y = load_tweet_sentiment(return_X_y=True)
clf = RNNTextClassifier(bidirectional=False, hidden_size=32, random_state=0, max_epochs=5)
clf.fit(X[:6000], y[:6000])

# %%
# All units, on tweets it has not seen
# ------------------------------------
# :func:`~sklearn_rnn.inspection.unit_correlations` compares states at negations with states at
# other tokens, and likewise their changes from token to token. The AUC is the probability that the
# value is larger at a negation than at another token: 0.5 is chance, 0 and 1 are perfect. Units are
# sorted by one half of the tweets; the other half shows how well the best ones hold up.
from sklearn_rnn.inspection import unit_correlations

NEGATIONS = {"not", "no", "never", "don't", "can't", "won't", "didn't", "isn't", "doesn't"}


def is_negation(tokens):
    return [token.lower() in NEGATIONS for token in tokens]


units = unit_correlations(clf, X[6000:9000], is_negation, random_state=0)
print(units.attrs)
changes = units[units["quantity"] == "change"].reset_index(drop=True)
changes.head().round(3)

# %%
# Is that much?
# -------------
# The first unit does as well on the other half, so it is not an accident. But units respond to
# words, not to grammar alone: the same search for articles, which say nothing about sentiment,
# finds a unit about as strong. No unit is dedicated to negations.


def is_article(tokens):
    return [token.lower() in {"the", "a", "an"} for token in tokens]


articles = unit_correlations(clf, X[6000:9000], is_article, random_state=0)
articles = articles[articles["quantity"] == "change"].reset_index(drop=True)
for name, frame in (("negations", changes), ("articles", articles)):
    strength = abs(frame["auc_held_out"][0] - 0.5)
    print(f"best unit for {name}: {0.5 + strength:.2f} on the held-out half")

# %%
# The unit at work
# ----------------
import matplotlib.pyplot as plt

from sklearn_rnn.inspection import trace

unit = changes["unit"][0]
t = trace(clf, "it was fun at first but I did not like the end and would never watch it again")
fig, ax = plt.subplots(figsize=(7, 3.2), layout="constrained")
ax.axhline(0, color="black", linewidth=0.8)
ax.plot(t.get(direction="forward")[:, unit], marker="o")
for position, negates in enumerate(is_negation(t.tokens)):
    if negates:
        ax.axvspan(position - 0.5, position + 0.5, color="tab:orange", alpha=0.3)
ax.set_xticks(range(len(t.tokens)), t.tokens, rotation=90)
ax.set(ylabel="hidden state", title=f"Unit {unit}, negations shaded")
plt.show()
