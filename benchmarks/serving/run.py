"""Requests a second and their latency: a service of our classifier, compared with TF-IDF.

Writes serving.md. Services with FastAPI listen on 127.0.0.1, and clients in another process ask
each in turn, a different one first in each round. In one process uvicorn serves; in two, gunicorn
loads the model and forks. By default it takes less than two minutes.
"""

import argparse
import json
import subprocess
import sys
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import joblib
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import sklearn_rnn
from benchmarks.serving.report import make_report
from benchmarks.serving.servers import memory_of, serve, wait_until_open, workers_of
from benchmarks.turns import in_turns
from sklearn_rnn import RNNTextClassifier
from sklearn_rnn.datasets import load_tweet_sentiment

NEEDED = ["fastapi", "uvicorn", "gunicorn", "uvicorn_worker"]
# Documents in a request, clients, and processes that answer.
CASES = [(1, 1, 1), (1, 8, 1), (64, 2, 1), (1, 8, 2)]


def main(argv):
    parser = argparse.ArgumentParser(prog="python -m benchmarks serving", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each case in each round")
    parser.add_argument("--output", default="docs/benchmarks")
    args = parser.parse_args(argv)
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        print(
            f"Skipped: {', '.join(missing)} missing. Run "
            "`pip install -c constraints.txt -r benchmarks/requirements-peers.txt`."
        )
        return
    names = ["nothing", "ours", "tfidf"]
    if has_onnx := all(map(find_spec, ("onnx", "onnxruntime"))):
        names.append("onnx")
    else:
        print("onnxruntime was left out: it needs the packages onnx and onnxruntime.")
    test, _ = load_tweet_sentiment(subset="test", return_X_y=True, as_frame=False)
    documents = [str(text) for text in test]
    with TemporaryDirectory() as folder, ExitStack() as stack:
        model = fit_models(Path(folder), has_onnx)
        servers = {each: stack.enter_context(serve(*each, model)) for each in services(names)}
        ports, memory = {}, {}
        for service, (port, server) in servers.items():
            wait_until_open(port, server)
            ports[service] = port
            memory[service] = [memory_of(worker) for worker in workers_of(server.pid)]

        def measure(key):
            name, (size, n_clients, n_processes) = key
            question = {"documents": documents, "size": size, "n_clients": n_clients}
            return ask(ports[name, n_processes], {**question, "duration": args.seconds})

        keys = [(name, case) for case in CASES for name in names if (name, case[2]) in ports]
        found, _ = in_turns(keys, measure, 1 + args.rounds)
    report = make_report({key: rounds[1:] for key, rounds in found.items()}, memory, args)
    print(report)
    Path(args.output).mkdir(parents=True, exist_ok=True)
    (Path(args.output) / "serving.md").write_text(report, encoding="utf-8")


def services(names):
    """Return what to start: each contestant, with as many processes as the cases ask for."""
    counts = sorted({n_processes for *_, n_processes in CASES})
    # A session of onnxruntime is not made to be forked.
    return [(name, n) for name in names for n in counts if n == 1 or name != "onnx"]


def fit_models(folder, has_onnx):
    """Fit and save what the services open, and return the path of our classifier."""
    X, y = load_tweet_sentiment(subset="train", return_X_y=True, as_frame=False)
    ours = RNNTextClassifier(max_epochs=1, random_state=0).fit(X, y)
    linear = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(max_iter=1000))
    path = folder / "model.safetensors"
    sklearn_rnn.save(ours, path)
    joblib.dump(linear.fit(X, y), path.with_suffix(".joblib"))
    if has_onnx:
        sklearn_rnn.export_onnx(ours, path.with_suffix(".onnx"))
    return path


def ask(port, question):
    """Return the seconds of all answers, as the process of the clients has measured them."""
    result = subprocess.run(
        [sys.executable, "-m", "benchmarks.serving.load"],
        input=json.dumps({"port": port, **question}),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(result.stdout)
