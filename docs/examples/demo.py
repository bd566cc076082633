"""Train a recurrent network on tweets, compare, search and plot. ``make demo`` runs this script.

Everything it needs ships with the package. The plots are written to ``demo_output``.
"""

import argparse
from pathlib import Path
from time import perf_counter

import matplotlib

matplotlib.use("Agg")  # Only writes files, so no screen is needed.

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.ticker import MaxNLocator
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    ConfusionMatrixDisplay,
    accuracy_score,
    check_scoring,
    classification_report,
    f1_score,
)
from sklearn.model_selection import GridSearchCV, ParameterGrid, StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline
from tqdm import tqdm

from sklearn_rnn import RNNTextClassifier, SequenceVectorizer
from sklearn_rnn.datasets import load_tweet_sentiment

SEED = 0
BLUE, ORANGE = "#1f5a93", "#d9822b"


class ProgressScorer:
    """A scorer that advances a progress bar by one at each call.

    GridSearchCV calls its scorer once after each fit of a candidate (with
    ``return_train_score=False``), so the bar counts fits. It only works in one process: use
    ``n_jobs=1``.
    """

    def __init__(self, scoring, progress_bar):
        self.scoring = scoring
        self.progress_bar = progress_bar

    def __call__(self, estimator, X, y):
        score = check_scoring(estimator, scoring=self.scoring)(estimator, X, y)
        self.progress_bar.set_postfix_str(f"last {self.scoring} {score:.3f}", refresh=False)
        self.progress_bar.update()
        return score


def make_rnn(**params):
    """Build the pipeline from text to label."""
    return Pipeline(
        [
            ("vectorizer", SequenceVectorizer()),
            ("clf", RNNTextClassifier(random_state=SEED, **params)),
        ]
    )


def fit_and_report(name, model, train, test):
    """Fit on train, print the report on test, return the predictions."""
    print(f"\n{name}: fitting ...", flush=True)
    start = perf_counter()
    model.fit(*train)
    seconds = perf_counter() - start
    X_test, y_test = test
    predicted = model.predict(X_test)
    print(f"fitted in {seconds:.0f} s; on the test documents:")
    print(classification_report(y_test, predicted, digits=3))
    return predicted


def compare(y_true, predictions):
    """Return a table of scores with one row per model."""
    scores = {
        name: {
            "accuracy": accuracy_score(y_true, predicted),
            "macro F1": f1_score(y_true, predicted, average="macro"),
        }
        for name, predicted in predictions.items()
    }
    return pd.DataFrame.from_dict(scores, orient="index")


def search_architecture(X, y):
    """Search over cell, directions and depth, with few documents and epochs to keep it fast."""
    grid = {
        "clf__cell": ["rnn", "lstm", "gru"],
        "clf__bidirectional": [False, True],
        "clf__num_layers": [1, 2],
    }
    cv = StratifiedKFold(3, shuffle=True, random_state=SEED)
    n_candidates, n_folds = len(ParameterGrid(grid)), cv.get_n_splits()
    print(f"\nGrid search: {n_candidates} candidates, {n_folds} folds, {len(X)} tweets")
    with tqdm(total=n_candidates * n_folds, unit="fit", desc="Grid search") as bar:
        scorer = ProgressScorer("accuracy", bar)
        model = make_rnn(max_epochs=3)
        search = GridSearchCV(model, grid, cv=cv, scoring=scorer, refit=False).fit(X, y)
    results = pd.DataFrame(search.cv_results_)
    results.columns = results.columns.str.replace("param_clf__", "")
    results = results.sort_values("rank_test_score")
    columns = ["cell", "bidirectional", "num_layers", "mean_test_score", "std_test_score"]
    print(results[columns].to_string(index=False, float_format="{:.3f}".format))
    print("With so few documents, scores are noisy: compare differences with the std column.")


def plot_learning_curve(clf, path):
    """Plot the training loss and the score on held-out documents by epoch."""
    epochs = range(1, len(clf.loss_curve_) + 1)
    fig, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.8), layout="constrained")
    left.plot(epochs, clf.loss_curve_, marker="o", color=BLUE)
    left.set(title="Loss on the training documents", xlabel="epoch", ylabel="loss")
    right.plot(epochs, clf.validation_scores_, marker="o", color=ORANGE)
    right.set(title="Accuracy on held-out documents", xlabel="epoch", ylabel="accuracy")
    for ax in (left, right):
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.grid(alpha=0.3)
        ax.spines[["top", "right"]].set_visible(False)
    fig.suptitle("Learning curve of RNNTextClassifier on tweets")
    fig.savefig(path, dpi=150)
    plt.close(fig)


def plot_confusion(y_true, predictions, path):
    """Plot a confusion matrix for each model, normalised by row."""
    fig, axes = plt.subplots(
        1, len(predictions), figsize=(4.9 * len(predictions), 4.4), layout="constrained"
    )
    for ax, (name, predicted) in zip(axes, predictions.items(), strict=True):
        ConfusionMatrixDisplay.from_predictions(
            y_true,
            predicted,
            normalize="true",
            values_format=".2f",
            cmap="Blues",
            im_kw={"vmin": 0, "vmax": 1},
            colorbar=False,
            ax=ax,
        )
        ax.set(title=f"{name}\naccuracy {(predicted == y_true).mean():.3f}")
        ax.set(xlabel="predicted", ylabel="true")
    fig.suptitle("Sentiment of tweets, test documents")
    fig.savefig(path, dpi=150)
    plt.close(fig)


def main():
    """Run the demo."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("demo_output"))
    parser.add_argument("--n-train", type=int, help="train on the first N tweets only")
    parser.add_argument("--n-search", type=int, default=800, help="tweets of the grid search")
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)

    train = load_tweet_sentiment(subset="train", return_X_y=True)
    train = tuple(part[: args.n_train] for part in train)
    test = load_tweet_sentiment(subset="test", return_X_y=True)
    print(f"Tweets: {len(train[0])} to train on, {len(test[0])} to test on; labels:")
    print(train[1].value_counts().to_string(header=False))

    tfidf = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
        LogisticRegression(C=10, max_iter=1000),
    )
    rnn = make_rnn(early_stopping=True, validation_fraction=0.05, verbose=1)
    predictions = {}
    for name, model in {"TF-IDF + LogisticRegression": tfidf, "RNNTextClassifier": rnn}.items():
        predictions[name] = fit_and_report(name, model, train, test)

    print("Comparison:")
    print(compare(test[1], predictions).to_string(float_format="{:.3f}".format))

    plot_learning_curve(rnn["clf"], args.output / "learning_curve.png")
    plot_confusion(test[1], predictions, args.output / "confusion_matrix.png")
    search_architecture(*(part[: args.n_search] for part in train))
    print(f"\nPlots: {', '.join(str(path) for path in sorted(args.output.glob('*.png')))}")


if __name__ == "__main__":
    main()
