"""Eight threads do all that one can do with some estimators, for ten minutes; then with forks.

SKLEARN_RNN_STRESS_SECONDS says for how long.
"""

import os
import time

import pytest
from stress import Crowd, ForkingCrowd, state_of_process, system_state

SECONDS = float(os.environ.get("SKLEARN_RNN_STRESS_SECONDS", "600"))


@pytest.mark.slow
def test_a_crowd_sees_whole_models_and_leaves_nothing_behind(monkeypatch, tmp_path, set_threads):
    set_threads(2)
    Crowd(monkeypatch, tmp_path).run(3)  # which starts the threads that stay
    monkeypatch.undo()
    crowd, before = Crowd(monkeypatch, tmp_path), settled_state()
    crowd.run(SECONDS)
    print(crowd.counts, sum(map(len, crowd.whole.answers)), "models")
    assert settled_state() == before
    assert min(crowd.counts.values()) > 0 and len(crowd.counts) == 8
    assert {path.name for path in tmp_path.iterdir()} <= {f"{i}.safetensors" for i in range(4)}


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_children_of_a_crowd_begin_with_whole_models(monkeypatch, tmp_path, set_threads):
    set_threads(2)
    first = ForkingCrowd(monkeypatch, tmp_path)
    first.run(3, first.fork)  # a fork also ends the threads that OpenBLAS started when imported
    monkeypatch.undo()
    crowd, before = ForkingCrowd(monkeypatch, tmp_path), settled_state()
    crowd.run(SECONDS, crowd.fork)
    print(crowd.n_children, "children,", crowd.counts)
    crowd.check_seen()
    assert settled_state() == before
    assert crowd.n_children > 0
    assert {path.name for path in tmp_path.iterdir()} <= {f"{i}.safetensors" for i in range(4)}


def settled_state():
    """Return the state of the process, once the threads that end have ended."""
    for _ in range(50):
        before = system_state()
        time.sleep(0.2)
        if system_state() == before:
            break
    return state_of_process()
