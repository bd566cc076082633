"""Builds the wheel and the sdist and looks at what is in them."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from sklearn_rnn.modules.kernels import _compiler

ROOT = Path(__file__).parent.parent
PACKAGE_FILES = {
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "sklearn_rnn").rglob("*")
    if path.is_file() and path.suffix not in {".pyc", ".so"}
}


def build(folder, *targets, **environment):
    """Build what is asked for; hatchling does so without any download."""
    command = [sys.executable, "-m", "hatchling", "build", "-d", folder]
    for target in targets:
        command += ["-t", target]
    subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, **environment})
    return folder


def files_of(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Return the folder with both archives."""
    return build(tmp_path_factory.mktemp("dist"), "wheel", "sdist")


def test_wheel_holds_the_package_with_its_data_and_nothing_else(built):
    (wheel,) = built.glob("*.whl")
    files = {name for name in files_of(wheel) if not name.endswith(".so")}
    assert files == PACKAGE_FILES
    corpora = ("alice", "drug_reviews", "names", "subjectivity", "tweet_sentiment")
    assert {f"sklearn_rnn/datasets/data/{name}.jsonl.xz" for name in corpora} <= files
    assert "sklearn_rnn/py.typed" in files


@pytest.mark.skipif(os.name != "posix", reason="kernels are for POSIX systems")
def test_wheel_holds_kernels_for_each_kind_of_processor(built):
    try:
        _compiler.find_compiler()
    except RuntimeError as error:
        pytest.skip(str(error))
    (wheel,) = built.glob("*.whl")
    kernels = {name for name in files_of(wheel) if name.endswith(".so")}
    names = map(_compiler.library_name, _compiler.INSTRUCTION_SETS)
    assert kernels == {f"sklearn_rnn/modules/kernels/lib/{name}" for name in names}
    assert "-py3-none-" in wheel.name and not wheel.name.endswith("-any.whl")


def test_wheel_is_made_without_a_compiler_too(tmp_path):
    (wheel,) = build(tmp_path, "wheel", CXX="no-such-compiler").glob("*-py3-none-any.whl")
    assert files_of(wheel) == PACKAGE_FILES


def test_a_wheel_without_kernels_can_be_made_a_failure(tmp_path):
    command = [sys.executable, "-m", "hatchling", "build", "-d", tmp_path, "-t", "wheel"]
    environment = {"CXX": "no-such-compiler", "SKLEARN_RNN_REQUIRE_KERNELS": "1"}
    result = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True
    )
    assert result.returncode
    assert "SKLEARN_RNN_REQUIRE_KERNELS is set, but" in result.stderr
    assert not any(tmp_path.glob("*.whl"))


def test_sdist_holds_what_the_tests_need(built):
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        files = {member.name.partition("/")[2] for member in archive if member.isfile()}
    assert files >= PACKAGE_FILES
    assert files >= {"README.md", "LICENSE", "Makefile", "constraints.txt", "pyproject.toml"}
    assert files >= {"CITATION.cff", "SECURITY.md", "constraints-oldest.txt", "hatch_build.py"}
    assert files >= {"tests/smoke.py", "tests/data/classifier-1.safetensors"}
    assert files >= {"docs/conf.py", "docs/examples/demo.py", "docs/images/learning_curve.png"}
    assert files >= {"tests/test_build.py"}
    assert not any(name.startswith(("docs/_build", "docs/auto_examples")) for name in files)
