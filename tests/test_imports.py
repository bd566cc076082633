import ast
import json
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from time import sleep

import pytest

import sklearn_rnn
from sklearn_rnn import SequenceVectorizer, SubwordVectorizer, WordVectors

ROOT = Path(sklearn_rnn.__file__).parent
FILES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py"))

# The one direction of data: a line imports from itself and from the lines above it.
ORDER = [
    "exceptions _sklearn_compat utils",
    "metrics",
    "_text",
    "_vectors",
    "_token_counts",
    "_vectorizer _subwords",
    "_word_vectors",
    "modules _files",
    "_targets",
    "_training",
    "_language _tagging",
    "_language_model",
    "_translation",
    "_translator",
    "_pretraining",
    "_base",
    "_classifier _regressor _encoder _token_classifier",
    "_saving",
    "_onnx inspection _show_versions",
]
# Beside them, what knows nothing of the rest, and at the root, what makes all of it public.
BESIDE = ["datasets"]
PLACES = {name: place for place, line in enumerate(ORDER) for name in line.split()}
PLACES["__init__"] = len(ORDER)


def part_of(file):
    """Return the part of the package that a file belongs to: the folder, or the file itself."""
    return file.split("/")[0].removesuffix(".py")


def imports_of_source(source, package):
    """Return the dotted names that a source imports, relative ones resolved in `package`."""
    names = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")
                parents = parents[: len(parents) - node.level + 1]
                base = ".".join([*parents, *filter(None, [node.module])])
            names += [f"{base}.{alias.name}" for alias in node.names]
    return names


def imports_of(file):
    package = ".".join(["sklearn_rnn", *file.split("/")[:-1]])
    return imports_of_source((ROOT / file).read_text(encoding="utf-8"), package)


def outside_packages(file):
    return {name.split(".")[0] for name in imports_of(file)} - {"sklearn_rnn"}


def parts_imported(file):
    """Return the parts of the package that a file imports from."""
    return {part_of(name) for name in files_imported(file)}


def files_imported(file):
    """Return the files of the package that a file imports from."""
    files = set()
    for name in imports_of(file):
        package, *rest = name.split(".")
        if package != "sklearn_rnn":
            continue
        # A name is a file, a folder, or something inside one of them.
        places = ["/".join(rest[:n]) for n in range(len(rest), 0, -1)]
        candidates = [f"{place}{end}" for place in places for end in (".py", "/__init__.py")]
        files.add(next((path for path in candidates if path in FILES), "__init__.py"))
    return files


every_file = pytest.mark.parametrize("file", FILES)


def files_of(*parts):
    files = [file for file in FILES if part_of(file) in parts]
    return pytest.mark.parametrize("file", files)


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import a.b, c", ["a.b", "c"]),
        ("from a import b as c", ["a.b"]),
        ("from . import x", ["sklearn_rnn.modules.x"]),
        ("from .x import y", ["sklearn_rnn.modules.x.y"]),
        ("from .. import x", ["sklearn_rnn.x"]),
        ("from ..x import y", ["sklearn_rnn.x.y"]),
        ("def f():\n    import a", ["a"]),
        ("try:\n    from a import b\nexcept ImportError:\n    pass", ["a.b"]),
    ],
)
def test_imports_are_read_in_every_form(source, names):
    assert imports_of_source(source, "sklearn_rnn.modules") == names


@every_file
def test_every_file_has_its_place(file):
    assert part_of(file) in {*PLACES, *BESIDE}


@pytest.mark.parametrize("part", [*PLACES, *BESIDE])
def test_every_place_has_its_file(part):
    assert part in {part_of(file) for file in FILES}


@files_of(*PLACES)
def test_no_file_imports_from_its_right(file):
    place = PLACES[part_of(file)]
    line = parts_imported(file) - {*BESIDE}
    assert {part for part in line if PLACES.get(part, len(ORDER)) > place} == set()


def test_no_file_imports_itself_by_way_of_others():
    graph = {file: files_imported(file) - {file} for file in FILES}
    try:
        list(TopologicalSorter(graph).static_order())
    except CycleError as exc:
        pytest.fail(f"a circle of imports: {' -> '.join(reversed(exc.args[1]))}")


def test_nothing_private_stands_at_the_root_but_public_classes():
    public = set()
    for name in sklearn_rnn.__all__:
        public.add(getattr(sklearn_rnn, name).__module__.split(".")[1])
    at_root = {file.removesuffix(".py") for file in FILES if "/" not in file}
    assert at_root <= public | {"__init__", "exceptions", "_base", "_sklearn_compat"}


@files_of(*BESIDE)
def test_what_stands_beside_knows_nothing_of_the_line(file):
    # The vectors that ship are of the class that all vectors are of.
    assert parts_imported(file) <= {part_of(file), *ORDER[0].split(), "_word_vectors"}
    assert not outside_packages(file) & {"torch", "skorch"}


def test_the_report_imports_the_standard_library_alone_until_it_is_called():
    tree = ast.parse((ROOT / "_show_versions.py").read_text(encoding="utf-8"))
    at_import = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    names = imports_of_source(ast.unparse(ast.Module(at_import, [])), "sklearn_rnn")
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names


TEXT = (
    "exceptions _sklearn_compat utils metrics _text _vectors _token_counts _vectorizer _subwords "
    "_word_vectors"
)


@files_of(*TEXT.split())
def test_text_code_never_imports_torch(file):
    assert not outside_packages(file) & {"torch", "skorch"}


@files_of("modules")
def test_modules_never_import_estimators_or_frames(file):
    assert not outside_packages(file) & {"sklearn", "pandas", "polars", "skorch"}


@files_of("modules")
def test_modules_import_from_one_another_and_from_text_only(file):
    assert parts_imported(file) <= {"modules", "_text"}


@every_file
def test_private_names_of_sklearn_are_imported_in_one_file_only(file):
    private = {
        name
        for name in imports_of(file)
        if name.startswith("sklearn.") and any(part.startswith("_") for part in name.split("."))
    }
    assert bool(private) == (file == "_sklearn_compat.py")


# Imports first all that the package imports from elsewhere, which may change what it likes, and
# then every file of the package. Writes what differs after the second from before it.
SCRIPT = """
import contextlib, importlib, io, json, logging, os, pkgutil, random, sys, warnings

for name in json.loads(sys.argv[1]):
    importlib.import_module(name)

import numpy, torch

def state():
    return {
        "warning filters": list(warnings.filters),
        "seed of torch": (torch.initial_seed(), torch.get_rng_state().tolist()),
        "seed of numpy": str(numpy.random.get_state(legacy=False)),
        "seed of random": random.getstate(),
        "threads of torch": (torch.get_num_threads(), torch.get_num_interop_threads()),
        "number type of torch": torch.get_default_dtype(),
        "float errors of numpy": numpy.geterr(),
        "logging": (logging.root.level, list(logging.root.handlers), logging.root.disabled),
        "environment": dict(os.environ),
        "search path": list(sys.path),
    }

before = state()
output = io.StringIO()
with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
    import sklearn_rnn

    imported = ["sklearn_rnn"]
    for module in pkgutil.walk_packages(sklearn_rnn.__path__, "sklearn_rnn."):
        importlib.import_module(module.name)
        imported.append(module.name)
after = state()
changed = [name for name in before if before[name] != after[name]]
print(json.dumps({"changed": changed, "output": output.getvalue(), "imported": imported}))
"""


def is_installed(name):
    return find_spec(name.split(".")[0]) is not None


@pytest.fixture(scope="module")
def fresh_import():
    """Import the package in a new process and return what that did."""
    outside = set()
    for file in FILES:
        for node in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                outside |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                outside.add(node.module)
    # Not all that is optional need be installed.
    outside = sorted(
        name for name in outside if name.split(".")[0] != "sklearn_rnn" and is_installed(name)
    )
    process = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(outside)],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout.splitlines()[-1])


def test_import_changes_nothing_global(fresh_import):
    assert fresh_import["changed"] == []


def test_import_prints_nothing(fresh_import):
    assert fresh_import["output"] == ""


def test_every_file_can_be_imported(fresh_import):
    names = {file.removesuffix(".py").replace("/", ".") for file in FILES}
    names = {f"sklearn_rnn.{name}".removesuffix(".__init__") for name in names}
    assert set(fresh_import["imported"]) == names


def test_public_names_are_there_after_one_import_and_loaded_when_asked_for():
    """`import sklearn_rnn` stays light: what needs torch comes later."""
    script = (
        "import sys, sklearn_rnn\n"
        "assert {'sklearn', 'sklearn_rnn._vectorizer'} <= {*sys.modules}\n"
        "assert not {'torch', 'skorch', 'tokenizers'} & {*sys.modules}\n"
        "sklearn_rnn.RNNTextClassifier\n"
        "late = ['inspection', 'datasets', 'metrics']\n"
        "assert not [name for name in late if f'sklearn_rnn.{name}' in sys.modules]\n"
        "late_too = {'onnx', 'matplotlib', 'tokenizers', 'sklearn_rnn.utils.estimator_checks'}\n"
        "assert not late_too & {*sys.modules}\n"
        "for name in [*late, 'modules', 'utils', 'exceptions']:\n"
        "    assert name in dir(sklearn_rnn)\n"
        "    assert getattr(sklearn_rnn, name) is sys.modules[f'sklearn_rnn.{name}']\n"
        "assert callable(sklearn_rnn.inspection.trace)\n"
        "assert callable(sklearn_rnn.utils.estimator_checks.check_text_estimator)\n"
        "assert not hasattr(sklearn_rnn, 'nothing')\n"
        "from sklearn_rnn import *\n"
        "for name in sklearn_rnn.__all__:\n"
        "    assert name in dir(sklearn_rnn)\n"
        "    assert globals()[name].__name__ == name\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=300)


def test_type_checkers_see_the_public_names():
    tree = ast.parse((ROOT / "__init__.py").read_text(encoding="utf-8"))
    (branch,) = [node for node in tree.body if isinstance(node, ast.If)]
    assert ast.unparse(branch.test) == "TYPE_CHECKING"
    seen = set()
    for node in branch.body:
        for alias in node.names:
            # Only what is imported by a name of its own is exported.
            assert alias.name == alias.asname
            seen.add(f"{node.module}.{alias.name}")
    files = {f"sklearn_rnn.{file}.{name}" for name, file in sklearn_rnn._FILES.items()}
    assert seen == files | {f"sklearn_rnn.{name}" for name in sklearn_rnn._SUBMODULES}


def test_a_process_that_turns_text_into_ids_never_imports_torch():
    texts = ["good, not bad", "bad, not good"]
    parts = [
        SequenceVectorizer().fit(texts),
        SubwordVectorizer(vocab_size=300).fit(texts),
        SequenceVectorizer().count_tokens(texts),
        WordVectors(["good"], [[1.0, 2.0]]),
    ]
    script = (
        "import pickle, sys\n"
        "words, subwords, counts, vectors = pickle.load(sys.stdin.buffer)\n"
        "assert words.transform(['not so good']).nnz == 3\n"
        "assert subwords.inverse_transform(subwords.transform(['not good'])) == ['not good']\n"
        "words.fit_counts(counts)\n"
        "assert vectors['good'].shape == (2,)\n"
        "import sklearn_rnn\n"
        "sklearn_rnn.datasets.make_word_order\n"
        "sklearn_rnn.metrics.get_scorer_names\n"
        "assert not {'torch', 'skorch'} & {*sys.modules}\n"
        "sklearn_rnn.load\n"
        "assert {'torch', 'skorch'} <= {*sys.modules}\n"
    )
    command = [sys.executable, "-c", script]
    subprocess.run(command, input=pickle.dumps(parts), check=True, timeout=300)


def test_threads_import_public_names_in_turn(monkeypatch):
    at_once, running = [], []

    def slow_import(name):
        running.append(name)
        at_once.append(len(running))
        sleep(0.02)
        running.remove(name)
        return import_module(name)

    monkeypatch.setattr(sklearn_rnn, "import_module", slow_import)
    names = ["RNNTextClassifier", "save", "exceptions", "utils"]
    with ThreadPoolExecutor(len(names)) as pool:
        found = list(pool.map(sklearn_rnn.__getattr__, names))
    assert found == [getattr(sklearn_rnn, name) for name in names]
    assert at_once == [1] * len(names)
