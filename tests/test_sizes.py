"""Short files, one idea each: a class or a function that outgrows these bounds has a second one."""

import ast
from pathlib import Path

import sklearn_rnn

ROOT = Path(sklearn_rnn.__file__).parent
MAX_METHODS = 20
MAX_LINES = 60


def nodes(kind):
    for path in sorted(ROOT.rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, kind):
                yield f"{path.relative_to(ROOT)}: {node.name}", node, source.splitlines()


def count_lines_of_code(function, lines):
    """Return the lines of a function without its signature, docstring, comments and blanks."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    code = lines[body[0].lineno - 1 : function.end_lineno] if body else []
    return sum(bool(line.strip()) and not line.strip().startswith("#") for line in code)


def test_no_class_has_too_many_methods():
    counts = {
        name: sum(isinstance(part, ast.FunctionDef) for part in class_.body)
        for name, class_, _ in nodes(ast.ClassDef)
    }
    assert len(counts) > 100
    assert {name: count for name, count in counts.items() if count > MAX_METHODS} == {}


def test_no_function_is_too_long():
    counts = {
        name: count_lines_of_code(function, lines)
        for name, function, lines in nodes(ast.FunctionDef)
        if function.name != "__init__"
    }
    assert len(counts) > 500
    assert {name: count for name, count in counts.items() if count > MAX_LINES} == {}
