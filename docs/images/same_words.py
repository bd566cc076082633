"""Draw the picture of the README and the landing page, same_words.png beside this file.

Two sentences with the same words are read word by word by a bag of words and by the classifier.
Both have learned from the same documents, in which only the order of words tells the classes apart.
Run as ``python docs/images/same_words.py``; it takes some seconds.
"""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # Only writes a file, so no screen is needed.

import matplotlib.pyplot as plt
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sklearn_rnn import RNNTextClassifier
from sklearn_rnn.datasets import make_word_order

SENTENCES = {
    "the room was clean , not dirty": "#1f5a93",
    "the room was dirty , not clean": "#d9822b",
}


def fit_models():
    """Return both models by name, fitted to the same 2,000 documents."""
    X, y = make_word_order(2000, max_length=30, random_state=0)
    models = {
        "Bag of words": make_pipeline(
            CountVectorizer(token_pattern=r"\S+"), LogisticRegression(max_iter=1000)
        ),
        # Without the linear model, whose word pairs would give the order away.
        "Recurrent network": RNNTextClassifier(wide_weight=0, random_state=0),
    }
    return {name: model.fit(X, y) for name, model in models.items()}


def probabilities_while_reading(model, words):
    """Return how probable "positive" is after each word."""
    beginnings = [" ".join(words[: n + 1]) for n in range(len(words))]
    return model.predict_proba(beginnings)[:, list(model.classes_).index("positive")]


def draw(models):
    """Return a figure with one panel for each model and one line for each sentence."""
    figure, axes = plt.subplots(1, len(models), figsize=(9, 3.2), sharey=True, layout="constrained")
    for ax, (name, model) in zip(axes, models.items(), strict=True):
        for row, (sentence, color) in enumerate(SENTENCES.items()):
            words = sentence.split()
            curve = probabilities_while_reading(model, words)
            style = "--" if row else "-"  # where they lie on one another, both show
            ax.plot(curve, style, color=color, marker="o", markersize=7 - 3 * row)
            for place, word in enumerate(words):
                ax.annotate(
                    word,
                    (place, 0),
                    xycoords=ax.get_xaxis_transform(),
                    xytext=(0, -14 - 14 * row),
                    textcoords="offset points",
                    color=color,
                    ha="center",
                    fontsize=10,
                )
        ax.axhline(0.5, color="0.7", linewidth=0.8, zorder=0)
        ax.set(title=name, ylim=(-0.05, 1.05), xticks=[], yticks=[0, 0.5, 1])
        ax.spines[["top", "right", "bottom"]].set_visible(False)
    axes[0].set_ylabel("probability of praise\nafter each word")
    return figure


if __name__ == "__main__":
    draw(fit_models()).savefig(Path(__file__).with_suffix(".png"), dpi=150)
