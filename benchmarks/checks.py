"""How many common checks the estimators pass, each in several configurations.

Writes checks.md. The estimators, their configurations and the reasons for expected failures come
from the tests, in tests/common_estimators.py.
"""

import argparse
import sys
import warnings
from collections import Counter
from pathlib import Path

import sklearn
from sklearn.utils.estimator_checks import check_estimator

from sklearn_rnn.utils.estimator_checks import check_text_estimator

ROOT = Path(__file__).parent.parent
STATUSES = ["passed", "skipped", "xfail", "failed"]


def main(argv):
    parser = argparse.ArgumentParser(prog="python -m benchmarks checks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one configuration of each estimator")
    parser.add_argument("--output", default="docs/benchmarks")
    args = parser.parse_args(argv)
    sys.path.append(str(ROOT / "tests"))
    import common_estimators as common

    rows, reasons = [], {}
    for suite, label, estimator in list_runs(common, quick=args.quick):
        results = run(suite, estimator, common.expected_failures(estimator))
        counts = Counter(result["status"] for result in results)
        rows.append((suite, type(estimator).__name__, label, counts))
        for result in results:
            if result["status"] == "xfail":
                key = (type(estimator).__name__, result["check_name"])
                reasons[key] = result["expected_to_fail_reason"]
            elif result["status"] == "failed":
                print(type(estimator).__name__, label, result["check_name"], result["exception"])
        print(*rows[-1], flush=True)
    folder = Path(args.output)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "checks.md").write_text(make_report(rows, reasons))


def list_runs(common, *, quick):
    """Yield the name of a suite, what is special about an estimator, and the estimator.

    The other configurations are those of the classifier; what they change is the same code in all.
    """
    changes = [{}, *([] if quick else common.CONFIGURATIONS)]
    for change in changes:
        label = ", ".join(f"{name}={value!r}" for name, value in change.items())
        trained = list(common.TRAINED.items())[: 1 if change else None]
        for class_, spelled in trained:
            for estimator in common.make_small(class_, [change]):
                yield "scikit-learn", label, estimator
                yield "text", label, estimator
            for estimator in common.make_small(spelled, [change]):
                yield "scikit-learn", label, estimator
    for vectorizer in common.VECTORIZERS[: 1 if quick else None]:
        label = repr(vectorizer).partition("(")[2][:-1]
        yield "scikit-learn", label, common.SpelledVectorizer(**vectorizer.get_params())
        yield "text", label, vectorizer


def run(suite, estimator, expected_failures):
    """Return the results of all the checks of a suite."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if suite == "text":
            return check_text_estimator(estimator, on_skip=None, on_fail=None)
        return check_estimator(
            estimator, on_skip=None, on_fail=None, expected_failed_checks=expected_failures
        )


def make_report(rows, reasons):
    total = sum((counts for *_, counts in rows), Counter())
    lines = [
        "# Common checks\n",
        "This page shows how many checks each estimator passes, from scikit-learn "
        f"{sklearn.__version__} and from {{doc}}`sklearn_rnn.utils.estimator_checks "
        "</user_guide/checks>`, which checks text estimators. scikit-learn's checks use numbers. "
        "The classes named `Spelled...` get these numbers written as text, the others get them as "
        "token ids. `python -m benchmarks checks` generates this page.\n",
        f"Of {total.total():,} checks run, {total['passed']:,} passed, {total['skipped']} were "
        f"skipped, {total['xfail']} failed as expected and {total['failed']} failed.\n",
    ]
    titles = {"text": "Our checks for text", "scikit-learn": "scikit-learn's checks"}
    for suite, title in titles.items():
        lines += [
            f"## {title}\n",
            "| estimator | configuration | run | passed | skipped | expected to fail | failed |",
            "| --- | --- | --- | --- | --- | --- | --- |",
        ]
        for row_suite, name, label, counts in rows:
            if row_suite == suite:
                cells = [counts.total(), *(counts[status] for status in STATUSES)]
                shown = f"`{label}`" if label else ""
                lines.append(f"| {name} | {shown} | {' | '.join(map(str, cells))} |")
        lines.append("")
    lines += [
        "The check of the array API is skipped unless the environment variable `SCIPY_ARRAY_API` "
        "is set.\n",
        "## Why checks are expected to fail\n",
        "| estimator | check | reason |",
        "| --- | --- | --- |",
        *(f"| {name} | `{check}` | {reason} |" for (name, check), reason in reasons.items()),
    ]
    return "\n".join(lines) + "\n"
