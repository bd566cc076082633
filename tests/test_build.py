"""Builds the wheel and the sdist and looks at what is in them."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE_FILES = {
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "sklearn_rnn").rglob("*")
    if path.is_file() and path.suffix != ".pyc"
}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Return the folder with both archives; hatchling builds them without any download."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-t", "sdist"]
    subprocess.run([*command, "-d", folder], cwd=ROOT, check=True)
    return folder


def test_wheel_holds_the_package_with_its_data_and_nothing_else(built):
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        files = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert files == PACKAGE_FILES
    assert {"sklearn_rnn/py.typed", "sklearn_rnn/datasets/data/tweet_sentiment.jsonl.xz"} <= files


def test_sdist_holds_what_the_tests_need(built):
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        files = {member.name.partition("/")[2] for member in archive if member.isfile()}
    assert files >= PACKAGE_FILES
    assert files >= {"README.md", "LICENSE", "Makefile", "constraints.txt", "pyproject.toml"}
    assert files >= {"docs/conf.py", "docs/examples/demo.py", "docs/images/confusion_matrix.png"}
    assert files >= {"tests/test_build.py"}
    assert not any(name.startswith(("docs/_build", "docs/auto_examples")) for name in files)
