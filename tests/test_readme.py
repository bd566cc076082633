"""Runs the examples of the README and of the documentation's pages, as a reader would."""

import re
from contextlib import nullcontext

import pytest
from doc_pages import (
    README,
    ROOT,
    FewerDocuments,
    OtherSeed,
    PageRun,
    blocks_of,
    is_alike,
    words_of,
)

PAGES = [ROOT / "docs/index.rst", *sorted(ROOT.glob("docs/user_guide/*.rst"))]

every_page = pytest.mark.parametrize("path", [README, *PAGES], ids=lambda path: path.name)


@every_page
def test_examples_run_on_few_documents(path, tmp_path, monkeypatch):
    run_examples(path, tmp_path, monkeypatch, FewerDocuments())


@pytest.mark.slow
@every_page
def test_examples_run_and_print_what_the_page_says(path, tmp_path, monkeypatch):
    run_examples(path, tmp_path, monkeypatch)


def run_examples(path, tmp_path, monkeypatch, transformer=None):
    monkeypatch.chdir(tmp_path)
    blocks = blocks_of(path)
    assert "python" in {block.language for block in blocks}, f"{path.name} has no Python example"
    page = PageRun(transformer)
    for block in blocks:
        page.run(block)
    return page


@every_page
def test_no_example_escapes_the_test(path):
    """Python is marked as such, in the one way that is run."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        opened = re.findall(r"^ *```(.*)$", text, re.MULTILINE)[::2]
    else:
        assert not re.search(r"^(?! *\.\. ).*::$", text, re.MULTILINE), "a literal block"
        opened = re.findall(r"^ *\.\. (?:code-block|code|sourcecode)::(.*)$", text, re.MULTILINE)
    languages = [language.strip() for language in opened]
    other_names = {"", "ipython", "ipython3", "py", "pycon", "python3", "pytb"}
    assert not {*languages} & other_names
    assert [block.language for block in blocks_of(path)] == languages


def quickstart():
    """Return the blocks of the README's quickstart; without one, the first block and its output."""
    text, blocks = README.read_text(encoding="utf-8"), blocks_of(README)
    section = re.search(
        r"^#+ [^\n]*quick ?start.*?(?=^#+ |\Z)", text, re.MULTILINE | re.DOTALL | re.IGNORECASE
    )
    if section is None:
        first = next(n for n, block in enumerate(blocks) if block.language == "python")
        return blocks[first : first + 2]
    start, end = (text.count("\n", 0, place) for place in section.span())
    return [block for block in blocks if start <= block.above <= end]


def test_the_quickstart_gives_the_same_answers_with_three_seeds(tmp_path, monkeypatch):
    """Numbers may differ, labels may not: they are those that the README shows, if it does."""
    monkeypatch.chdir(tmp_path)
    blocks = quickstart()
    assert any("random_state" in block.text for block in blocks)
    answers = set()
    for seed in range(3):
        page = PageRun(OtherSeed(seed), compares_numbers=False)
        for block in blocks:
            page.run(block)
            if block.language == "python" and page.printed:
                answers.add((block.above, words_of(page.printed)))
    assert len(answers) == len({above for above, _ in answers})


def test_a_failing_example_is_told_by_its_line(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("Text\n\n```python\nx = 1\n```\n\n```python\n1 / 0\n```\n", encoding="utf-8")
    first, second = blocks_of(page)
    run = PageRun()
    run.run(first)
    with pytest.raises(ZeroDivisionError) as error:
        run.run(second)
    assert error.traceback[-1].lineno + 1 == 8


def test_blocks_of_a_page_are_found(tmp_path):
    page = tmp_path / "page.rst"
    page.write_text(
        "Text\n\n.. code-block:: python\n\n    x = 1\n\n    if x:\n        y = 2\n\nText\n\n"
        "- Item\n\n  .. code-block:: python\n\n      z = 3\n\n.. code-block:: bash\n\n    ls\n",
        encoding="utf-8",
    )
    run = PageRun()
    for block in blocks_of(page):
        run.run(block)
    assert [run.namespace[name] for name in "xyz"] == [1, 2, 3]


PRINTS = "```python\nprint('a', 0.5)\n```\n\n```text\na {}\n```\n"
PROMPTS = "```python\n>>> x = 1.0\n>>> x / 2\n{}\n```\n"


@pytest.mark.parametrize("text", [PRINTS, PROMPTS])
@pytest.mark.parametrize(("value", "is_right"), [("0.51", True), ("0.7", False)])
def test_outputs_are_compared(tmp_path, text, value, is_right):
    page = tmp_path / "page.md"
    page.write_text(text.format(value), encoding="utf-8")
    run = PageRun()
    with nullcontext() if is_right else pytest.raises(AssertionError, match="says"):
        for block in blocks_of(page):
            run.run(block)
    assert run.n_compared or not is_right


def test_outputs_are_not_compared_on_few_documents(tmp_path):
    page = tmp_path / "page.md"
    code = "print(len(('a' * 900)[:500]))"
    page.write_text(f"```python\n{code}\n```\n\n```text\n500\n```\n", encoding="utf-8")
    for transformer, n_compared in ((None, 1), (FewerDocuments(), 0)):
        run = PageRun(transformer)
        for block in blocks_of(page):
            run.run(block)
        assert run.n_compared == n_compared


def test_a_block_without_its_package_is_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr("doc_pages.OPTIONAL", {"no_such_package"})
    page = tmp_path / "page.md"
    page.write_text("```python\nimport no_such_package\n```\n", encoding="utf-8")
    (block,) = blocks_of(page)
    run = PageRun()
    run.run(block)
    assert "no_such_package" not in run.namespace
    monkeypatch.setattr("doc_pages.OPTIONAL", set())
    with pytest.raises(ModuleNotFoundError):
        run.run(block)


@pytest.mark.parametrize(
    ("expected", "printed", "alike"),
    [
        ("accuracy: 0.939", "accuracy: 0.931", True),
        ("accuracy: 0.939", "accuracy: 0.800", False),
        ("['a' 'b']\n", "['a'  'b']", True),
        ("['a' 'b']", "['b' 'a']", False),
        ("12 words", "13 words", False),
        ("1.2e-3", "1.3e+3", False),
        ("a\n...\nz", "a\nb\nz", True),
        ("[1.  0.5]", "[1.    0.52]", True),
    ],
)
def test_outputs_that_are_alike(expected, printed, alike):
    assert is_alike(expected, printed) == alike
