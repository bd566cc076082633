"""Runs the demo as `make demo` does, with less data."""

import subprocess
import sys
from pathlib import Path

DEMO = Path(__file__).parent.parent / "docs/examples/demo.py"
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def test_demo_reports_and_plots(tmp_path):
    sizes = ["--n-train", "200", "--n-search", "30"]
    demo = subprocess.run(
        [sys.executable, DEMO, *sizes, "--output", "plots"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert demo.returncode == 0, demo.stderr
    for name in ("TF-IDF + LogisticRegression", "RNNTextClassifier"):
        assert demo.stdout.count(name) >= 2  # its report, and its row side by side
    assert "36/36" in demo.stderr  # the progress bar of the search
    plots = sorted((tmp_path / "plots").iterdir())
    assert [plot.name for plot in plots] == ["confusion_matrix.png", "learning_curve.png"]
    for plot in plots:
        assert plot.read_bytes().startswith(PNG_SIGNATURE)
