"""Settings of the Sphinx documentation."""

import inspect
import os
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent / "_extensions"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import gallery_order

import sklearn_rnn

project = "sklearn_rnn"
author = "The sklearn_rnn developers"
copyright = author
version = release = sklearn_rnn.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "mathml",  # in _extensions
    "myst_parser",  # the benchmarks write Markdown
    "numpydoc",
    "sphinx_gallery.gen_gallery",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "_templates", "examples"]
default_role = "literal"

autosummary_generate = True
# The templates of autosummary list the members.
numpydoc_show_class_members = False

sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"/plot_",
    # demo.py writes files and is run by `make demo`.
    "ignore_pattern": r"demo\.py|__init__\.py",
    "subsection_order": [f"examples/{section}" for section in gallery_order.SECTIONS],
    "within_subsection_order": "gallery_order.ByHand",
    "doc_module": ("sklearn_rnn",),
    "backreferences_dir": "generated/backreferences",
    "reference_url": {"sklearn_rnn": None},
    "show_memory": False,
    # Its page of times loads scripts from other hosts.
    "write_computation_times": False,
}

html_theme = "pydata_sphinx_theme"
html_title = f"sklearn_rnn {version}"
html_theme_options = {
    "show_prev_next": False,
    # Not on the pages of benchmarks/, whose wide tables get the place of the sidebars. The theme
    # warns where a page matches two patterns.
    "secondary_sidebar_items": {"[!b]**": ["page-toc"], "index": []},
}
html_sidebars = {"index": [], "benchmarks/*": [], "install": [], "what_it_is_not": []}
html_math_renderer = "mathml"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["tables.js"]
html_show_sourcelink = False

# Workers of a search inherit it; a gallery script must not open a window.
os.environ.setdefault("MPLBACKEND", "Agg")


def drop_foreign_references(app, what, name, obj, options, lines):
    """Turn references of inherited docstrings into text: their labels are scikit-learn's."""
    if (getattr(obj, "__module__", None) or "").startswith("sklearn."):
        lines[:] = [re.sub(r":ref:`([^<`]+?) *<[^`]*>`", r"\1", line) for line in lines]


def show_init_signature(app, what, name, obj, options, signature, return_annotation):
    """Show the parameters of an estimator, not those of the `__new__` that checks their names."""
    if what == "class" and hasattr(obj, "get_params"):
        return str(inspect.signature(obj)), return_annotation


def setup(app):
    """Connect the functions above to Sphinx."""
    app.connect("autodoc-process-signature", show_init_signature)
    app.connect("autodoc-process-docstring", drop_foreign_references)
