"""Size of a fitted classifier in a file, and the seconds to open it in a fresh process."""

import pickle
import subprocess
import sys
from pathlib import Path

import joblib
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import sklearn_rnn
from benchmarks.turns import in_turns, show
from sklearn_rnn import RNNTextClassifier
from sklearn_rnn.datasets import load_tweet_sentiment

# What is written, and what opens it. Both are timed after the imports that they need.
OPEN = {
    "ours.safetensors": "load(path)",
    "ours.pickle": "pickle.load(open(path, 'rb'))",
    "ours.joblib": "joblib.load(path)",
    "tfidf.joblib": "joblib.load(path)",
}
SCRIPT = """\
import pickle, sys
from time import perf_counter
import joblib, sklearn.linear_model, sklearn.pipeline, sklearn_rnn
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn_rnn import RNNTextClassifier, load
path = sys.argv[1]
start = perf_counter()
model = {opens}
middle = perf_counter()
model.predict_proba(["not bad"])
print(middle - start, perf_counter() - middle)
"""


def write_models(folder):
    """Fit both to the train split, write the files, and return the number of documents."""
    X, y = load_tweet_sentiment(subset="train", return_X_y=True, as_frame=False)
    ours = RNNTextClassifier(max_epochs=1, random_state=0).fit(X, y)
    linear = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(max_iter=1000))
    sklearn_rnn.save(ours, folder / "ours.safetensors")
    (folder / "ours.pickle").write_bytes(pickle.dumps(ours))
    joblib.dump(ours, folder / "ours.joblib")
    joblib.dump(linear.fit(X, y), folder / "tfidf.joblib")
    return len(X)


def time_opening(folder, n_rounds):
    """Return the seconds to open each file and to predict one document, of each round."""

    def measure(name):
        command = [sys.executable, "-c", SCRIPT.format(opens=OPEN[name]), str(folder / name)]
        result = subprocess.run(command, capture_output=True, text=True, check=True)
        return tuple(float(seconds) for seconds in result.stdout.split())

    found, _ = in_turns(OPEN, measure, 1 + n_rounds)
    return {name: rounds[1:] for name, rounds in found.items()}


def report_opening(folder, n_rounds):
    """Return the lines of a report on the models in a folder."""
    folder = Path(folder)
    n_documents = write_models(folder)
    lines = [
        "## What it takes to open a model\n",
        "`RNNTextClassifier` with its defaults (`ours`), and `TfidfVectorizer(ngram_range=(1, 2))` "
        f"with `LogisticRegression`, both fitted to {n_documents:,} tweets. Each file is opened in "
        "a fresh process, after the imports; then the model predicts its first document.\n",
        "| file | bytes | to open it, ms | first prediction, ms |",
        "| --- | --- | --- | --- |",
    ]
    for name, rounds in time_opening(folder, n_rounds).items():
        times = (
            show([1000 * each for each in column], ".1f") for column in zip(*rounds, strict=True)
        )
        size = (folder / name).stat().st_size
        lines.append(f"| `{name}` | {size:,} | {' | '.join(times)} |")
    return lines
