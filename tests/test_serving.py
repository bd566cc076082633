"""The service of the benchmarks, and the clients that ask it."""

import json
import os
import sys
import threading
from argparse import Namespace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).resolve().parents[1]))  # benchmarks are not installed

from benchmarks.serving import run
from benchmarks.serving.load import ask_from_many
from benchmarks.serving.report import make_report, percentiles, rates
from benchmarks.serving.servers import free_port, memory_of, workers_of

DOCUMENTS = [f"document {i}" for i in range(7)]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    status = 200

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append(json.loads(body)["documents"])
        answer = b'{"probabilities": [[1.0]]}'
        self.send_response(self.status)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), type("OwnHandler", (Handler,), {})) as server:
        server.asked = []
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("n_clients", [1, 2])
def test_every_answer_is_timed_and_every_request_is_whole(server, size, n_clients):
    seconds = ask_from_many(server.server_port, DOCUMENTS, size, n_clients, 0.2)
    assert len(seconds) == len(server.asked) >= n_clients
    assert all(each > 0 for each in seconds)
    assert {len(documents) for documents in server.asked} == {size}
    if len(seconds) > 2 * len(DOCUMENTS):
        asked = {document for documents in server.asked for document in documents}
        assert asked == set(DOCUMENTS[: len(DOCUMENTS) // size * size])


def test_errors_of_the_service_are_not_counted_as_answers(server):
    server.RequestHandlerClass.status = 422
    with pytest.raises(RuntimeError, match="422"):
        ask_from_many(server.server_port, DOCUMENTS, 1, 1, 0.2)


def test_figures_are_of_each_round():
    rounds = [[0.001] * 99 + [0.5], [0.002] * 50]
    assert rates(rounds, 2) == [50, 25]
    assert percentiles(rounds, 50) == pytest.approx([1, 2])
    assert percentiles(rounds, 99)[0] > 1.001


def test_report_has_a_line_for_each_case_and_process():
    found = {("ours", (1, 8, 2)): [[0.001, 0.002]], ("tfidf", (1, 8, 2)): [[0.003]]}
    args = Namespace(rounds=1, seconds=1.0)
    report = make_report(found, {("ours", 2): [(2**20, 2**19)] * 2}, args)
    assert "| 1 | 8 | 2 | RNNTextClassifier | 2 [2..2] | 1.50 [1.50..1.50]" in report
    assert "| RNNTextClassifier | 2 | 1 [1..1] | 0 [0..0] |" in report
    assert "Memory" not in make_report(found, {("ours", 2): [None]}, args)


def test_only_what_may_be_forked_is_served_by_two_processes():
    assert run.services(["ours", "onnx"]) == [("ours", 1), ("ours", 2), ("onnx", 1)]


def test_missing_packages_are_named_and_nothing_is_written(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(run, "find_spec", lambda name: None if name == "gunicorn" else name)
    run.main(["--output", str(tmp_path / "reports")])
    assert "Skipped: gunicorn" in capsys.readouterr().out
    assert not (tmp_path / "reports").exists()


def test_a_process_is_weighed():
    sizes = memory_of(os.getpid())
    if sizes is None:
        pytest.skip("memory is not told here")
    resident, own = sizes
    assert 0 < own <= resident
    assert workers_of(os.getpid())


def test_ports_are_free():
    port = free_port()
    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        assert server.server_port == port


def test_service_answers_what_the_model_predicts():
    pytest.importorskip("fastapi")
    from benchmarks.serving.contestants import Constant
    from benchmarks.serving.service import Question, make_app

    model = Constant()
    (endpoint,) = (r.endpoint for r in make_app(model).routes if r.path == "/predict")
    answer = endpoint(Question(documents=DOCUMENTS))
    np.testing.assert_array_equal(answer["probabilities"], model.predict_proba(DOCUMENTS))
    assert json.loads(json.dumps(answer))["classes"] == model.classes_.tolist()
    for documents in ([], ["x"] * 257, ["x" * 20_001]):
        with pytest.raises(ValueError, match="documents"):
            Question(documents=documents)
