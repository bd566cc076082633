"""Draw the picture of the README and the landing page, same_words.png beside this file.

Two sentences with the same words are read word by word by a bag of words and by the classifier,
both trained on the tweets that ship. Run as ``python docs/images/same_words.py``; it takes about
half a minute.
"""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # Only writes a file, so no screen is needed.

import matplotlib.pyplot as plt
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sklearn_rnn import RNNTextClassifier, SequenceVectorizer
from sklearn_rnn.datasets import load_tweet_sentiment

SENTENCES = {
    "it is not bad , it is really good": "#1f5a93",
    "it is not good , it is really bad": "#d9822b",
}


def fit_models():
    """Return both models by name, fitted to the same tweets and the same tokens."""
    X, y = load_tweet_sentiment(subset="train", return_X_y=True)
    tokenizer = SequenceVectorizer().build_tokenizer()
    models = {
        "Bag of words": make_pipeline(
            CountVectorizer(tokenizer=tokenizer, token_pattern=None),
            LogisticRegression(C=0.1, max_iter=1000),
        ),
        "RNNTextClassifier": RNNTextClassifier(random_state=0),
    }
    return {name: model.fit(X, y) for name, model in models.items()}


def balance_while_reading(model, sentence):
    """Return how much more probable praise is than complaint after each word of a sentence."""
    words = sentence.split()
    beginnings = [" ".join(words[:n]) for n in range(1, len(words) + 1)]
    probabilities = dict(zip(model.classes_, model.predict_proba(beginnings).T, strict=True))
    return probabilities["positive"] - probabilities["negative"]


def draw(models):
    """Return a figure with one panel for each model and one line for each sentence."""
    figure, axes = plt.subplots(1, len(models), figsize=(9, 3.4), sharey=True, layout="constrained")
    for ax, (name, model) in zip(axes, models.items(), strict=True):
        ax.axhline(0, color="0.6", linewidth=0.8)
        for row, (sentence, color) in enumerate(SENTENCES.items()):
            words = sentence.split()
            ax.plot(balance_while_reading(model, sentence), color=color, marker="o")
            for place, word in enumerate(words):
                ax.annotate(
                    word,
                    (place, 0),
                    xycoords=ax.get_xaxis_transform(),
                    xytext=(0, -14 - 14 * row),
                    textcoords="offset points",
                    color=color,
                    ha="center",
                    fontsize=9,
                )
        ax.set(title=name, ylim=(-1.05, 1.05), xticks=[])
        ax.spines[["top", "right", "bottom"]].set_visible(False)
    axes[0].set_yticks([-1, 0, 1], ["negative", "neutral", "positive"])
    return figure


if __name__ == "__main__":
    draw(fit_models()).savefig(Path(__file__).with_suffix(".png"), dpi=150)
