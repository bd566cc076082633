"""Train a recurrent network, compare, search and plot. ``make demo`` runs this script.

The task is to tell subjective sentences from objective ones; ``--data tweets`` takes the sentiment
of tweets instead.

Everything it needs ships with the package. The plots are written to ``demo_output``.
"""

import argparse
from pathlib import Path
from time import perf_counter

import matplotlib

matplotlib.use("Agg")  # Only writes files, so no screen is needed.

import matplotlib.pyplot as plt
import pandas as pd
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
from sklearn.pipeline import make_pipeline
from tqdm import tqdm

from sklearn_rnn import RNNTextClassifier, SequenceVectorizer
from sklearn_rnn.datasets import load_subjectivity, load_tweet_sentiment

SEED = 0
DATA = {"sentences": load_subjectivity, "tweets": load_tweet_sentiment}
COLORS = ("#7a7a7a", "#d9822b", "#1f5a93")


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


def make_tfidf(**params):
    """Build the baseline: logistic regression on weights of words and word pairs."""
    return make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, **params),
        LogisticRegression(C=10, max_iter=1000),
    )


def make_models(verbose=0):
    """Return the models by name.

    TfidfVectorizer skips punctuation unless told otherwise. The second model is given the same
    tokens as the network, so that what remains between them is not a matter of commas.
    """
    tokenizer = SequenceVectorizer().build_tokenizer()
    return {
        "TF-IDF + LogisticRegression": make_tfidf(),
        "TF-IDF with punctuation": make_tfidf(tokenizer=tokenizer, token_pattern=None),
        "RNNTextClassifier": RNNTextClassifier(random_state=SEED, verbose=verbose),
    }


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
        "cell": ["rnn", "lstm", "gru"],
        "bidirectional": [False, True],
        "num_layers": [1, 2],
    }
    cv = StratifiedKFold(3, shuffle=True, random_state=SEED)
    n_candidates, n_folds = len(ParameterGrid(grid)), cv.get_n_splits()
    print(f"\nGrid search: {n_candidates} candidates, {n_folds} folds, {len(X)} documents")
    with tqdm(total=n_candidates * n_folds, unit="fit", desc="Grid search") as bar:
        scorer = ProgressScorer("accuracy", bar)
        model = RNNTextClassifier(max_epochs=3, random_state=SEED)
        search = GridSearchCV(model, grid, cv=cv, scoring=scorer, refit=False).fit(X, y)
    results = pd.DataFrame(search.cv_results_)
    results.columns = results.columns.str.replace("param_", "")
    results = results.sort_values("rank_test_score")
    columns = ["cell", "bidirectional", "num_layers", "mean_test_score", "std_test_score"]
    print(results[columns].to_string(index=False, float_format="{:.3f}".format))
    print("With so few documents, scores are noisy: compare differences with the std column.")


def learning_curve(train, test):
    """Return the test accuracy of each model by the number of documents it was trained on."""
    (X, y), (X_test, y_test) = train, test
    rows = {}
    for n_documents in (len(X) // 16, len(X) // 8, len(X) // 4, len(X) // 2):
        rows[n_documents] = {
            name: model.fit(X[:n_documents], y[:n_documents]).score(X_test, y_test)
            for name, model in make_models().items()
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def plot_learning_curve(scores, path):
    """Plot a line of accuracies for each column."""
    fig, ax = plt.subplots(figsize=(6.4, 4), layout="constrained")
    scores.plot(ax=ax, marker="o", logx=True, color=COLORS)
    ax.set(title="Accuracy by number of training documents")
    ax.set(xlabel="documents to train on", ylabel="accuracy on the test documents")
    ax.set_xticks(scores.index, scores.index)
    ax.set_xticks([], minor=True)
    ax.grid(alpha=0.3)
    ax.spines[["top", "right"]].set_visible(False)
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
    fig.suptitle("Test documents")
    fig.savefig(path, dpi=150)
    plt.close(fig)


def main():
    """Run the demo."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("demo_output"))
    parser.add_argument("--data", choices=DATA, default="sentences")
    parser.add_argument("--n-train", type=int, help="train on the first N documents only")
    parser.add_argument("--n-search", type=int, default=800, help="documents of the grid search")
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)

    load = DATA[args.data]
    train = tuple(part[: args.n_train] for part in load(subset="train", return_X_y=True))
    test = load(subset="test", return_X_y=True)
    print(f"{args.data}: {len(train[0])} to train on, {len(test[0])} to test on; labels:")
    print(train[1].value_counts().to_string(header=False))

    predictions = {}
    for name, model in make_models(verbose=1).items():
        predictions[name] = fit_and_report(name, model, train, test)
    scores = compare(test[1], predictions)
    print("Comparison:")
    print(scores.to_string(float_format="{:.3f}".format))
    plot_confusion(test[1], predictions, args.output / "confusion_matrix.png")

    by_size = learning_curve(train, test)
    by_size.loc[len(train[0])] = scores["accuracy"]
    print("\nAccuracy by the number of documents to train on:")
    print(by_size.to_string(float_format="{:.3f}".format))
    plot_learning_curve(by_size, args.output / "learning_curve.png")

    search_architecture(*(part[: args.n_search] for part in train))
    print(f"\nPlots: {', '.join(str(path) for path in sorted(args.output.glob('*.png')))}")


if __name__ == "__main__":
    main()
