"""Freed memory that training keeps, in processes of their own: the option stays set."""

import os
import subprocess
import sys

import pytest

# Allocates and frees as a step of training does, and prints the fewest page faults of a step: how
# many pages it needed anew from the system.
PROGRAM = """
import sys
from resource import RUSAGE_SELF, getrusage
from sklearn_rnn._training.heap import keep_freed_memory

print(keep_freed_memory() if "keep" in sys.argv else None)
faults = []
for _ in range(10):
    before = getrusage(RUSAGE_SELF).ru_minflt
    layers = [b"x" * 8_000_000 for _ in range(4)]
    del layers
    faults.append(getrusage(RUSAGE_SELF).ru_minflt - before)
print(min(faults[1:]))
"""
CLEAN = {name: value for name, value in os.environ.items() if "MALLOC" not in name.upper()}

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux") or os.confstr("CS_GNU_LIBC_VERSION") is None,
    reason="the option is glibc's",
)


def run(*arguments, **environment):
    """Return what `keep_freed_memory` returned, and the page faults."""
    command = [sys.executable, "-c", PROGRAM, *arguments]
    printed = subprocess.run(
        command, env={**CLEAN, **environment}, check=True, capture_output=True, text=True
    )
    kept, faults = printed.stdout.split()
    return kept, int(faults)


def test_memory_freed_by_a_step_is_there_for_the_next_one():
    kept, faults = run("keep")
    _, faults_by_default = run()
    assert kept == "True"
    assert faults < 100 < faults_by_default


@pytest.mark.parametrize(
    "environment",
    [
        {"MALLOC_TRIM_THRESHOLD_": "65536"},
        {"MALLOC_MMAP_THRESHOLD_": "65536"},
        {"GLIBC_TUNABLES": "glibc.malloc.trim_threshold=65536"},
    ],
    ids=lambda environment: next(iter(environment)),
)
def test_what_the_user_has_set_stays(environment):
    kept, faults = run("keep", **environment)
    assert kept == "False"
    assert faults > 100


def test_another_setting_of_glibc_does_not_count():
    kept, _ = run("keep", GLIBC_TUNABLES="glibc.cpu.x86_rep_stosb_threshold=4096")
    assert kept == "True"
