"""Runs the demo as `make demo` does, with less data."""

import subprocess
import sys
from pathlib import Path

import pytest

DEMO = Path(__file__).parent.parent / "docs/examples/demo.py"
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize("data", ["sentences", pytest.param("tweets", marks=pytest.mark.slow)])
def test_demo_reports_and_plots(data, tmp_path):
    sizes = ["--data", data, "--n-train", "200", "--n-search", "30"]
    demo = subprocess.run(
        [sys.executable, DEMO, *sizes, "--output", "plots"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert demo.returncode == 0, demo.stderr
    assert demo.stdout.startswith(f"{data}: 200 to train on")
    for name in ("TF-IDF + LogisticRegression", "TF-IDF with punctuation", "RNNTextClassifier"):
        assert demo.stdout.count(name) == 3  # its report, its row and its column of accuracies
    assert "36/36" in demo.stderr  # the progress bar of the search
    plots = sorted((tmp_path / "plots").iterdir())
    assert [plot.name for plot in plots] == ["confusion_matrix.png", "learning_curve.png"]
    for plot in plots:
        assert plot.read_bytes().startswith(PNG_SIGNATURE)
