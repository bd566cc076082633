"""Runs the examples of the README and of the documentation's pages, as a reader would."""

import ast
import re
import sys
import textwrap
import warnings
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PAGES = [ROOT / "docs/index.rst", *sorted(ROOT.glob("docs/user_guide/*.rst"))]

MARKDOWN_BLOCK = re.compile(r"^```python\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
RST_BLOCK = re.compile(
    # The lines that are blank or indented deeper than the directive.
    r"^(?P<indent> *)\.\. code-block:: python\n(?P<code>(?:(?P=indent) +.*\n|\n)+)",
    re.MULTILINE,
)


def code_blocks(path, *transformers):
    """Return the Python blocks of a page, each compiled with its place in the file."""
    text = path.read_text(encoding="utf-8")
    pattern = MARKDOWN_BLOCK if path.suffix == ".md" else RST_BLOCK
    blocks = []
    for match in pattern.finditer(text):
        # With as many lines in front, a traceback names the line of the page.
        above = text.count("\n", 0, match.start("code"))
        tree = ast.parse("\n" * above + textwrap.dedent(match["code"]))
        for transformer in transformers:
            tree = transformer.visit(tree)
        blocks.append(compile(tree, str(path), "exec"))
    return blocks


# What pages show beside the package, and the tests do without where it is not installed. These
# blocks were run when they were written. None defines what another block needs, so the rest of the
# page runs without them.
ENGINES = {"dask", "datasets", "distributed", "optuna"}


class EnginesThatAreThere(ast.NodeTransformer):
    """Empties a block that imports an engine that is not installed."""

    def visit_Module(self, node):
        if any(find_spec(engine) is None for engine in engines_of(node)):
            node.body = []
        return node


def engines_of(tree):
    """Return the engines that a block imports."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module.partition(".")[0])
    return found & ENGINES


class FewerDocuments(ast.NodeTransformer):
    """Divides large bounds, as in ``X[1000:1500]``, ``train.head(1500)`` and ``range(0, 1000)``."""

    def visit_Slice(self, node):
        return ast.copy_location(ast.Slice(*map(fewer, (node.lower, node.upper)), node.step), node)

    def visit_Call(self, node):
        if ast.unparse(node.func).split(".")[-1] in {"head", "range"}:
            node.args = [*map(fewer, node.args)]
        return self.generic_visit(node)


def fewer(bound):
    if isinstance(bound, ast.Constant) and bound.value >= 200:
        return ast.copy_location(ast.Constant(bound.value // 5), bound)
    return bound


every_page = pytest.mark.parametrize("path", [README, *PAGES], ids=lambda path: path.name)


@every_page
def test_examples_run_on_few_documents(path, tmp_path, monkeypatch):
    run_examples(path, tmp_path, monkeypatch, EnginesThatAreThere(), FewerDocuments())


@pytest.mark.slow
@every_page
def test_examples_run(path, tmp_path, monkeypatch):
    run_examples(path, tmp_path, monkeypatch, EnginesThatAreThere())


def run_examples(path, tmp_path, monkeypatch, *transformers):
    monkeypatch.chdir(tmp_path)
    blocks = code_blocks(path, *transformers)
    assert blocks, f"{path.name} has no Python example"
    namespace = {"__name__": "__main__"}
    with warnings.catch_warnings():
        warnings.simplefilter("error", FutureWarning)
        warnings.simplefilter("error", DeprecationWarning)
        for block in blocks:
            exec(block, namespace)


@every_page
def test_no_example_escapes_the_test(path):
    """Every block of code is marked as Python in the one way that is run, or is for the shell."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        opened = re.findall(r"^ *```(.*)$", text, re.MULTILINE)[::2]
    else:
        assert not re.search(r"^(?! *\.\. ).*::$", text, re.MULTILINE), "a literal block"
        opened = re.findall(r"^ *\.\. (?:code-block|code|sourcecode)::(.*)$", text, re.MULTILINE)
    languages = [language.strip() for language in opened]
    assert set(languages) <= {"python", "bash"}
    assert len(code_blocks(path)) == languages.count("python")


def test_a_failing_example_is_told_by_its_line(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("Text\n\n```python\nx = 1\n```\n\n```python\n1 / 0\n```\n", encoding="utf-8")
    _, block = code_blocks(page)
    with pytest.raises(ZeroDivisionError) as error:
        exec(block, {})
    assert error.traceback[-1].lineno + 1 == 8


def test_blocks_of_a_page_are_found(tmp_path):
    page = tmp_path / "page.rst"
    page.write_text(
        "Text\n\n.. code-block:: python\n\n    x = 1\n\n    if x:\n        y = 2\n\nText\n\n"
        "- Item\n\n  .. code-block:: python\n\n      z = 3\n\n.. code-block:: bash\n\n    ls\n",
        encoding="utf-8",
    )
    namespace = {}
    for block in code_blocks(page):
        exec(block, namespace)
    assert (namespace["x"], namespace["y"], namespace["z"]) == (1, 2, 3)


def test_blocks_of_engines_are_run_where_these_are_installed(tmp_path, monkeypatch):
    page = tmp_path / "page.md"
    block = "```python\nx = 1\n```\n\n```python\nfrom dask import bag\n\nx = 2\n```\n"
    page.write_text(block, encoding="utf-8")
    for spec, expected in ((None, 1), (object(), 2)):
        monkeypatch.setattr(__name__ + ".find_spec", lambda name, spec=spec: spec)
        monkeypatch.setitem(sys.modules, "dask", SimpleNamespace(bag=None))
        namespace = {}
        for block in code_blocks(page, EnginesThatAreThere()):
            exec(block, namespace)
        assert namespace["x"] == expected
