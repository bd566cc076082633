"""Formulas as MathML, which browsers show by themselves.

Sphinx's default is MathJax from another host: formulas then need a network, and every reader is
reported to that host. docutils, on which Sphinx is built, converts LaTeX itself.
"""

import re

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml

# What docutils does not know, and what means the same to it.
REPLACED = {r"\\dots(?![A-Za-z])": r"\\ldots", r"\\textstyle(?![A-Za-z])\s*": ""}


def to_mathml(formula, as_block=False):
    """Return LaTeX as MathML, displayed on lines of its own if `as_block` is true."""
    for pattern, replacement in REPLACED.items():
        formula = re.sub(pattern, replacement, formula)
    return tex2mathml(formula, as_block=as_block)


def visit_math(self, node):
    """Write a formula within a line."""
    self.body.append(to_mathml(node.astext()))
    raise nodes.SkipNode


def visit_math_block(self, node):
    """Write a displayed formula, which scrolls where it is wider than the page."""
    self.body.append(self.starttag(node, "div", CLASS="math"))
    self.body.append(to_mathml(node.astext(), as_block=True))
    self.body.append("</div>\n")
    raise nodes.SkipNode


def setup(app):
    """Register the renderer, to be chosen by ``html_math_renderer = "mathml"``."""
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_math_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
