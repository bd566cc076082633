"""The formulas of the documentation become MathML when it is built, without a network."""

import re
import sys
from pathlib import Path
from textwrap import dedent

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "docs/_extensions"))

to_mathml = pytest.importorskip("mathml").to_mathml  # it needs docutils

INLINE = re.compile(r":math:`(.*?)`", re.DOTALL)
BLOCK = re.compile(r"^( *)\.\. math::(.*\n(?:(?:\1 +.*)?\n)+)", re.MULTILINE)
SOURCES = [
    *ROOT.glob("docs/**/*.rst"),
    *ROOT.glob("docs/**/*.py"),
    *ROOT.glob("sklearn_rnn/**/*.py"),
]
FORMULAS = [
    (path, formula, as_block)
    for path in sorted(SOURCES)
    if not {"_build", "auto_examples", "generated"} & {*path.parts}
    # The text of the gallery's scripts stands in comments.
    for text in [re.sub(r"^ *# ?", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)]
    for as_block, formulas in (
        (False, INLINE.findall(text)),
        (True, [dedent(body) for _, body in BLOCK.findall(text)]),
    )
    for formula in formulas
]


def test_every_formula_of_the_documentation_is_known():
    assert len(FORMULAS) > 50
    for path, formula, as_block in FORMULAS:
        try:
            to_mathml(formula, as_block)
        except Exception as exc:
            pytest.fail(f"{path.relative_to(ROOT)}: {formula.strip()}: {exc}")


def test_commands_that_docutils_lacks_are_replaced():
    assert to_mathml(r"y_1, \dots, y_T") == to_mathml(r"y_1, \ldots, y_T")
    assert to_mathml(r"a \textstyle\sum_t b") == to_mathml(r"a \sum_t b")


def test_lines_of_a_block_are_aligned():
    block = to_mathml("a &= b \\\\\nc &= d", as_block=True)
    assert 'display="block"' in block
    assert block.count("<mtr>") == 2
    assert block.count("<mtd>") == 4
