"""F1 of slots from few tagged commands, with word vectors and with language models.

Run as ``python -m benchmarks few_tags``. Of the commands of SNIPS, 200 are drawn with their tags
and 4,000 without, several times. All taggers learn from the same draws and are scored on 1,500
other commands. The language models start from the word vectors that ship, and have the defaults of
pretraining in a tagger. Prints a table.
"""

import argparse
import warnings

import numpy as np

from sklearn_rnn import RNNTokenClassifier
from sklearn_rnn.datasets import load_snips
from sklearn_rnn.metrics import span_f1_score

N_TAGGED, N_UNTAGGED, N_TEST = 200, 4000, 1500
MODELS = {
    "random vectors": {"embedding": None},
    "word vectors": {"embedding": "glove"},
    "both": {"embedding": "glove"},
}


def measure(seed):
    """Return the F1 of each tagger on a draw."""
    data = load_snips()
    X, y = data.data.to_numpy(), data.target.to_numpy()
    ends = np.cumsum([N_TAGGED, N_UNTAGGED, N_TEST])
    tagged, untagged, test = np.split(
        np.random.RandomState(seed).permutation(len(X))[: ends[-1]], ends[:-1]
    )
    scores = {}
    for name, params in MODELS.items():
        tagger = RNNTokenClassifier(random_state=seed, n_jobs=1, device="cpu", **params)
        unlabelled = {"X_unlabelled": X[untagged]} if name == "both" else {}
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "y contains tags that were not seen in fit")
            tagger.fit(X[tagged], y[tagged], **unlabelled)
        scores[name] = span_f1_score(y[test], tagger.predict(X[test]))
    return scores


def main(argv=None):
    parser = argparse.ArgumentParser(prog="python -m benchmarks few_tags")
    parser.add_argument("--draws", type=int, default=3, help="number of draws (default: 3)")
    found = [measure(seed) for seed in range(parser.parse_args(argv).draws)]
    print("| tagger starts from | F1, mean | F1, standard deviation |\n| --- | --- | --- |")
    for name in MODELS:
        scores = [each[name] for each in found]
        print(f"| {name} | {np.mean(scores):.3f} | {np.std(scores):.3f} |")
