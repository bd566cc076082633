"""The examples of a page of the documentation, read, run and compared with what the page prints."""

import ast
import contextlib
import doctest
import importlib.util
import io
import re
import textwrap
import warnings
from math import isclose
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"

# Packages that a page may show and the tests do without: a block that imports a missing one is
# left out.
OPTIONAL = {
    *("imblearn", "lime", "mlflow", "optuna", "shap", "spacy", "transformers"),
    *("fastapi", "httpx", "onnxruntime", "uvicorn"),
    *("dask", "datasets", "distributed", "joblibspark", "pyspark", "ray"),
}

# Those that warn of what they use of other packages.
WARNS_OF_ITSELF = {"joblibspark", "pyspark", "ray"}

MARKDOWN_BLOCK = re.compile(
    r"^```(?P<language>[\w-]+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
RST_BLOCK = re.compile(
    # The lines that are blank or indented deeper than the directive.
    r"^(?P<indent> *)\.\. code-block:: (?P<language>[\w-]+)\n(?P<text>(?:(?P=indent) +.*\n|\n)+)",
    re.MULTILINE,
)
NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d[\d,]*\.?\d*|\.\d+)(?:e[-+]?\d+)?", re.IGNORECASE)


class Block(NamedTuple):
    """A block of a page: its language, its text, the line above it, and its path."""

    language: str
    text: str
    above: int
    path: Path

    @property
    def examples(self):
        """The examples of a block with prompts; one without is a single example."""
        examples = doctest.DocTestParser().get_examples(self.text, str(self.path))
        return examples or [doctest.Example(self.text, "")]

    @property
    def has_prompts(self):
        return bool(re.search(r"^>>> ", self.text, re.MULTILINE))

    @property
    def packages(self):
        """The names of the packages that it imports."""
        code = "\n".join(example.source for example in self.examples)
        names = set()
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add(node.module.split(".")[0])
        return names

    @property
    def missing_packages(self):
        """The optional packages that it imports and that are not installed."""
        wanted = self.packages & OPTIONAL
        return {name for name in wanted if importlib.util.find_spec(name) is None}


def blocks_of(path):
    """Return the blocks of a page in their order."""
    text = path.read_text(encoding="utf-8")
    pattern = MARKDOWN_BLOCK if path.suffix == ".md" else RST_BLOCK
    return [
        Block(m["language"], textwrap.dedent(m["text"]), text.count("\n", 0, m.start("text")), path)
        for m in pattern.finditer(text)
    ]


class FewerDocuments(ast.NodeTransformer):
    """Divides large bounds, as in ``X[1000:1500]``, ``train.head(1500)`` and ``range(0, 1000)``."""

    has_divided = False

    def visit_Slice(self, node):
        bounds = map(self.fewer, (node.lower, node.upper))
        return ast.copy_location(ast.Slice(*bounds, node.step), node)

    def visit_Call(self, node):
        if ast.unparse(node.func).split(".")[-1] in {"head", "range"}:
            node.args = [*map(self.fewer, node.args)]
        return self.generic_visit(node)

    def fewer(self, bound):
        if isinstance(bound, ast.Constant) and bound.value >= 200:
            self.has_divided = True
            return ast.copy_location(ast.Constant(bound.value // 5), bound)
        return bound


class OtherSeed(ast.NodeTransformer):
    """Replaces every integer `random_state`."""

    def __init__(self, seed):
        self.seed = seed

    def visit_keyword(self, node):
        if node.arg == "random_state" and isinstance(node.value, ast.Constant):
            node.value = ast.copy_location(ast.Constant(self.seed), node.value)
        return self.generic_visit(node)


class PageRun:
    """Runs the blocks of a page one after the other, in one namespace.

    A block of text behind a Python block is what that one prints; behind ``>>>`` stands the output
    of each line. Both are compared, unless documents were left out before.

    Parameters
    ----------
    transformer : ast.NodeTransformer, default=None
        Changes the code.
    compares_numbers : bool, default=True
        Whether numbers have to be near, or only the words right.
    """

    def __init__(self, transformer=None, *, compares_numbers=True):
        self.transformer = transformer
        self.compares_numbers = compares_numbers
        self.namespace = {"__name__": "__main__"}
        self.printed = None
        self.n_compared = 0

    def run(self, block):
        """Run a Python block, or compare a block of text with what was printed last."""
        if block.language == "text" and self.printed is not None:
            self.compare(block.text, self.printed, block)
            self.printed = None
        elif block.language == "python":
            self.printed = None
            if not block.missing_packages:
                outputs = [self.execute(example, block) for example in block.examples]
                self.printed = None if block.has_prompts else outputs[0]

    def execute(self, example, block):
        """Run one example and return what it prints, compared with what the page says."""
        # With as many lines in front, a traceback names the line of the page.
        source = "\n" * (block.above + example.lineno) + example.source
        tree = ast.parse(source, mode="exec")
        if self.transformer is not None:
            tree = self.transformer.visit(tree)
        if block.has_prompts:  # which show the value of an expression
            tree = ast.Interactive(tree.body)
        code = compile(tree, str(block.path), "single" if block.has_prompts else "exec")
        with contextlib.redirect_stdout(io.StringIO()) as output, warnings.catch_warnings():
            action = "ignore" if block.packages & WARNS_OF_ITSELF else "error"
            warnings.simplefilter(action, FutureWarning)
            warnings.simplefilter(action, DeprecationWarning)
            exec(code, self.namespace)
        if block.has_prompts:
            self.compare(example.want, output.getvalue(), block)
        return output.getvalue()

    def compare(self, expected, printed, block):
        if not getattr(self.transformer, "has_divided", False):
            place = f"{block.path.name}, below line {block.above}"
            is_right = is_alike(expected, printed, compares_numbers=self.compares_numbers)
            assert is_right, f"{place} says\n{expected}\nbut it is\n{printed}"
            self.n_compared += 1


def is_alike(expected, printed, *, compares_numbers=True):
    """Tell whether an output is the expected one, apart from white space and rounding.

    Numbers with a decimal point may differ by a twentieth: what training gives differs a little
    from one processor to the next. "..." stands for anything.
    """
    if words_of(expected) != words_of(printed):
        options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
        return doctest.OutputChecker().check_output(expected, printed, options)
    if not compares_numbers:
        return True
    return all(map(is_near, NUMBER.findall(expected), NUMBER.findall(printed)))


def words_of(text):
    """Return what an output says, without its numbers and without white space."""
    return re.sub(r"\s+", "", NUMBER.sub("#", text))


def is_near(expected, printed):
    if not {".", "e"} & {*expected.lower()}:
        return expected == printed
    numbers = (float(number.replace(",", "")) for number in (expected, printed))
    return isclose(*numbers, rel_tol=0.05, abs_tol=0.05)
