"""The comparison of libraries survives one that is missing, that fails or that takes too long."""

import sys
from argparse import Namespace
from pathlib import Path
from time import sleep

import numpy as np
import pytest

sys.path.append(str(Path(__file__).resolve().parents[1]))  # benchmarks are not installed

from benchmarks.openings import number, tables_of, with_opening
from benchmarks.peers import run


class Constant:
    """The first label"""

    def __init__(self, seed):
        pass

    def fit(self, texts, labels):
        self.label = labels[0]

    def predict(self, texts):
        return np.full(len(texts), self.label, dtype=object)


class Missing(Constant):
    """A library that is not there"""

    def __init__(self, seed):
        import no_such_library  # noqa: F401


class Broken(Constant):
    """A library that fails"""

    def fit(self, texts, labels):
        raise ValueError("no memory left")


class Slow(Constant):
    """A library that takes its time"""

    def fit(self, texts, labels):
        sleep(60)


def rows_of(page):
    (table,) = tables_of(page)
    return {row.pop("library"): row for row in table}


@pytest.mark.slow
def test_libraries_that_cannot_take_part_are_named(monkeypatch, tmp_path):
    found = {"constant": Constant, "missing": Missing, "broken": Broken, "slow": Slow}
    monkeypatch.setattr(run, "LIBRARIES", found)
    monkeypatch.setattr(run, "DATA_SETS", {"sentences": run.load_subjectivity})
    options = ["--documents", "100", "--limit", "1", "--output", str(tmp_path), "--libraries"]
    run.main([*options, *found])
    page = (tmp_path / "peers.md").read_text(encoding="utf-8")
    rows = rows_of(page)
    assert number(rows.pop("constant")["sentences, accuracy"]) == 0.5
    assert rows == {"slow": {"sentences, accuracy": "", "sentences, seconds": "over 1"}}
    assert "Left out: missing, not installed (ModuleNotFoundError: No module named" in page
    assert "Left out: broken, failed on sentences (ValueError: no memory left)." in page


def test_page_of_peers_opens_with_the_best_of_the_others():
    answers = {
        ("sklearn_rnn", "sentences"): ("0.900", "5.0"),
        ("sklearn_rnn, no word vectors", "sentences"): ("0.890", "4.0"),
        ("Keras", "sentences"): ("0.800", "70.0"),
        ("skorch", "sentences"): ("0.850", "60.0"),
        ("sklearn_rnn", "tweets"): ("0.700", "9.0"),
        ("Keras", "tweets"): ("0.600", "90.0"),
        ("skorch", "tweets"): ("", "over 600"),
    }
    libraries = ["sklearn_rnn", "sklearn_rnn, no word vectors", "Keras", "skorch"]
    parameters = Namespace(libraries=[*libraries, "spaCy"], documents=None, limit=600.0)
    page = with_opening("peers", run.make_report(answers, {"spaCy": "not there"}, parameters))
    assert "0.900 in 5.0 s on sentences (best of the others: skorch, 0.850 in 60.0 s)" in page
    assert "0.700 in 9.0 s on tweets (best of the others: Keras, 0.600 in 90.0 s)" in page
    assert [*rows_of(page)] == libraries
    assert rows_of(page)["skorch"]["tweets, seconds"] == "over 600"
