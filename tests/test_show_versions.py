import re
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
import torch

import sklearn_rnn
from sklearn_rnn.modules.kernels import _build, has_kernels

PROJECT = tomllib.loads(Path(__file__).parent.parent.joinpath("pyproject.toml").read_text())[
    "project"
]


@pytest.fixture
def report(capsys):
    """Return what is printed, as its sections with their entries."""

    def print_and_read():
        sklearn_rnn.show_versions()
        sections = {}
        for block in capsys.readouterr().out.strip("\n").split("\n\n"):
            title, *lines = block.splitlines()
            sections[title.removesuffix(":")] = dict(line.strip().split(": ", 1) for line in lines)
        return sections

    return print_and_read


def test_sections_stand_in_their_order(report):
    names = [re.sub(r" \d+$", "", name) for name in report()]
    others = ["System", "Python dependencies", "PyTorch", "Kernels"]
    assert names[:4] == others
    assert set(names[4:]) == {"threadpoolctl info"}


def test_report_is_the_same_each_time(report):
    assert report() == report()


def test_every_dependency_is_listed_with_its_version(report):
    needed = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["onnx"]]
    names = {re.match(r"[\w-]+", line)[0] for line in needed}
    listed = report()["Python dependencies"]
    assert names <= listed.keys()
    assert {name: version(name) for name in names} == {name: listed[name] for name in names}
    assert listed["sklearn-rnn"] == version("sklearn-rnn")


def test_a_dependency_that_is_not_there_has_no_version(report, monkeypatch):
    from sklearn_rnn import _show_versions

    monkeypatch.setattr(_show_versions, "_PACKAGES", ("no-such-package",))
    assert report()["Python dependencies"] == {"no-such-package": "None"}


def test_threads_and_interpreter_are_those_of_the_process(report):
    sections = report()
    assert sections["PyTorch"]["threads"] == str(torch.get_num_threads())
    assert sections["System"]["executable"] == sys.executable


def test_kernels_that_are_installed_are_named(report):
    installed = report()["Kernels"]["installed"]
    assert (installed != "None") == has_kernels("auto")
    if has_kernels("auto"):
        assert (_build.INSTALLED / installed).is_file()


def test_missing_kernels_compiler_and_cache_are_told_and_nothing_is_made(
    report, monkeypatch, tmp_path
):
    monkeypatch.setattr(_build, "_installed", lambda: None)
    monkeypatch.setenv("CXX", "no-such-compiler")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    kernels = report()["Kernels"]
    assert kernels["installed"] == kernels["compiler"] == "None"
    assert kernels["cache"] == str(tmp_path / "sklearn_rnn")
    assert list(tmp_path.iterdir()) == []
