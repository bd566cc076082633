"""What the files around the package say of it fits together."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import sklearn_rnn

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
# What a user can do without: each extra is one package or more.
OPTIONAL = ("gensim", "metrics", "onnx", "plot")
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
# The sdist leaves them out, and its tests run all the same.
needs_workflows = pytest.mark.skipif(not WORKFLOWS, reason="not in the sdist")
every_workflow = pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)


def bare(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(file):
    """Return the versions of a constraints file by the names of the packages."""
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    entries = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {bare(name): version for name, version in entries}


def lower_bounds(requirements):
    found = [re.match(r"([\w.-]+)>=([\w.]+)", line) for line in requirements]
    return {bare(match[1]): match[2] for match in found if match}


def release(version):
    """Return the parts of a version, so that 1.6 and 1.6.0 are the same."""
    parts = [int(part) for part in version.split(".")]
    while parts[-1] == 0:
        parts.pop()
    return parts


def pythons():
    prefix = "Programming Language :: Python :: "
    return [
        line.removeprefix(prefix)
        for line in PROJECT["classifiers"]
        if re.fullmatch(re.escape(prefix) + r"3\.\d+", line)
    ]


def make(*arguments):
    command = ["make", "--dry-run", "--always-make", *arguments]
    # Without the settings of the make that runs the tests, which it exports.
    settings = re.findall(r"^(\w+) \?=", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    settings += ["MAKEFLAGS", "MAKEOVERRIDES", "MFLAGS"]
    env = {name: value for name, value in os.environ.items() if name not in settings}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)


def test_oldest_versions_are_the_lower_bounds():
    oldest = pins("constraints-oldest.txt")
    extras = [name for extra in OPTIONAL for name in EXTRAS[extra]]
    bounds = lower_bounds([*PROJECT["dependencies"], *extras])
    assert len(bounds) == len(PROJECT["dependencies"]) + 5
    assert {name: release(oldest[name]) for name in bounds} == {
        name: release(bound) for name, bound in bounds.items()
    }


@pytest.mark.parametrize("file", ["constraints.txt", "constraints-oldest.txt"])
def test_constraints_lie_within_the_ranges(file):
    pinned = pins(file)
    requirements = [
        *PROJECT["dependencies"],
        *(name for extra in (*OPTIONAL, "test") for name in EXTRAS[extra]),
    ]
    if file == "constraints.txt":
        requirements += [*EXTRAS["docs"], *EXTRAS["dev"]]
    bounds = lower_bounds(requirements)
    assert bounds.keys() - pinned.keys() == set()
    assert [name for name in bounds if release(pinned[name]) < release(bounds[name])] == []


def test_oldest_python_is_the_first_of_the_classifiers():
    assert PROJECT["requires-python"] == f">={pythons()[0]}"


@needs_workflows
def test_tests_run_on_the_pythons_of_the_classifiers():
    text = (ROOT / ".github/workflows/tests.yml").read_text(encoding="utf-8")
    (matrix,) = re.findall(r"python: \[(.*)\]", text)
    assert re.findall(r'"(.*?)"', matrix) == pythons()
    oldest = text.partition("  oldest:")[2].partition("make test-oldest")[0]
    assert re.findall(r'python-version: "(.*)"', oldest) == pythons()[:1]


@needs_workflows
def test_wheels_are_tried_on_the_pythons_of_the_classifiers():
    text = (ROOT / ".github/workflows/wheels.yml").read_text(encoding="utf-8")
    (build,) = re.findall("CIBW_BUILD: (.*)", text)
    assert build.split() == [f"cp{python.replace('.', '')}-*" for python in pythons()]


@needs_workflows
@every_workflow
def test_workflows_may_only_read_and_pin_their_actions(workflow):
    text = workflow.read_text(encoding="utf-8")
    assert "\npermissions:\n  contents: read\n" in text
    assert "\nconcurrency:\n" in text
    actions = re.findall(r"uses: (\S+)", text)
    assert actions
    for action in actions:
        assert re.fullmatch(r"[\w.-]+/[\w.-]+@(v\d+|release/v\d+)", action)


@needs_workflows
@every_workflow
def test_workflows_are_yaml_with_jobs_that_end(workflow):
    yaml = pytest.importorskip("yaml")
    jobs = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"]
    assert all(job["timeout-minutes"] > 0 and job["steps"] for job in jobs.values())


@needs_workflows
@every_workflow
def test_targets_that_workflows_make_are_there(workflow):
    targets = re.findall(r"run: make (\S+)", workflow.read_text(encoding="utf-8"))
    helped = make("help").stdout
    for target in targets:
        assert f"make {target} " in helped
        assert make(target).returncode == 0


def test_help_lists_every_target():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, flags=re.MULTILINE)
    listed = re.findall(r'@echo "make (\S+) ', makefile)
    assert sorted(listed) == sorted(set(phony.split()) - {"help"})


def test_oldest_versions_have_an_environment_of_their_own():
    commands = make("test-oldest", "VENV=place").stdout
    assert "-c constraints-oldest.txt -e '.[test]'" in commands
    assert "place-oldest/bin/python -m pytest" in commands
    assert "-c constraints.txt" not in commands


def test_citation_names_this_version_and_licence():
    lines = (ROOT / "CITATION.cff").read_text(encoding="utf-8").splitlines()
    entries = dict(line.split(": ", 1) for line in lines if re.match(r"[\w-]+: ", line))
    assert entries["version"] == sklearn_rnn.__version__
    assert entries["license"] == PROJECT["license"]
    assert entries["title"] == "sklearn_rnn"
    assert f"  - name: {PROJECT['authors'][0]['name']}" in lines


def test_changelog_lists_additions_alone_until_the_first_release():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    releases = re.findall(r"^## (.*)$", changelog, flags=re.MULTILINE)
    assert releases[0] == "Unreleased"
    if len(releases) == 1:
        assert re.findall(r"^### (.*)$", changelog, flags=re.MULTILINE) == ["Added"]


def test_tools_of_pre_commit_are_those_of_the_constraints():
    config = ROOT / ".pre-commit-config.yaml"
    if not config.exists():
        pytest.skip("not in the sdist")
    pinned = pins("constraints.txt")
    revisions = re.findall(r"rev: v(\S+) # as in constraints.txt", config.read_text())
    assert revisions == [pinned["ruff"], pinned["codespell"]]


def test_smoke_refuses_a_package_that_is_not_installed():
    result = subprocess.run(
        [sys.executable, "tests/smoke.py"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 1
    assert "this is not the installed package" in result.stderr
