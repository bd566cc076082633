"""Processes that train one network, and what they do when something is wrong with one of them."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from shared_fits import EVERY_FIT, IDS, LABELS, SMALL, classify, in_ranks
from skorch.callbacks import Callback
from torch.distributed._composable.replicate import replicate
from weights import have_same_weights

from sklearn_rnn import RNNTextClassifier
from sklearn_rnn._training import ranks as ranks_file
from sklearn_rnn._training.fit_identity import digest
from sklearn_rnn._training.ranks import ALONE, count_processes, current_ranks, sharing_out

SCRIPT = Path(__file__).parent / "shared_training.py"


def free_port():
    with socket.socket() as listener:
        listener.bind(("localhost", 0))
        return listener.getsockname()[1]


def start(n_ranks, folder, what, *names):
    """Start processes as torchrun does, and return them."""
    env = {
        **os.environ,
        "WORLD_SIZE": str(n_ranks),
        "MASTER_ADDR": "localhost",
        "MASTER_PORT": str(free_port()),
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, SCRIPT, folder, what, *names]
    return [
        subprocess.Popen(command, env={**env, "RANK": str(rank)}, stderr=subprocess.PIPE, text=True)
        for rank in range(n_ranks)
    ]


def finish(processes, timeout=300):
    """Return what processes wrote on stderr, and let none of them live on."""
    try:
        return [process.communicate(timeout=timeout)[1] for process in processes]
    finally:
        for process in processes:
            process.kill()


def fit_in_processes(n_ranks, folder, *names, what="fit"):
    """Return what each of some processes has learned."""
    folder.mkdir()
    processes = start(n_ranks, folder, what, *names)
    errors = finish(processes)
    assert [process.returncode for process in processes] == [0] * n_ranks, errors
    return [json.loads((folder / f"{rank}.json").read_text()) for rank in range(n_ranks)]


def learned_here(name):
    fit, params = EVERY_FIT[name]
    model = fit(4, **params)
    return [digest(list(model.module_.state_dict().values())), model.loss_curve_]


def test_two_processes_learn_what_one_does(tmp_path):
    names = ["classify", "classify chunks"]
    expected = {name: learned_here(name) for name in names}
    assert fit_in_processes(2, tmp_path / "two", *names) == [expected] * 2


@pytest.mark.slow
@pytest.mark.parametrize("n_ranks", [1, 2, 4])
def test_any_number_of_processes_learns_the_same(n_ranks, tmp_path):
    expected = {name: learned_here(name) for name in EVERY_FIT}
    assert fit_in_processes(n_ranks, tmp_path / "more", *EVERY_FIT) == [expected] * n_ranks


@pytest.mark.slow
@pytest.mark.parametrize("what", ["kill", "interrupt"])
@pytest.mark.parametrize("n_ranks", [2, 3])
def test_the_others_raise_an_error_when_one_has_ended(what, n_ranks, tmp_path):
    processes = start(n_ranks, tmp_path, what, "long")
    errors = finish(processes, timeout=100)
    codes = [process.returncode for process in processes]
    # Interrupted, a fit keeps what it has learned, and the script goes on.
    assert codes == [1, -signal.SIGKILL if what == "kill" else 0, *[1] * (n_ranks - 2)]
    ended = float((tmp_path / "ended").read_text())
    for rank in range(n_ranks):
        if rank != 1:
            told, _, error = (tmp_path / f"error {rank}").read_text().partition(" ")
            assert float(told) - ended < 5
            assert error.startswith(f"Process {rank} of {n_ranks} has lost the others in training")
            assert error in errors[rank]


@pytest.mark.slow
def test_torchrun_starts_processes_again(tmp_path):
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2"]
    command += ["--max-restarts=1", f"--master-port={free_port()}"]
    command += [SCRIPT, tmp_path, "kill once", "long"]
    subprocess.run(command, check=True, timeout=200)
    expected = {"long": learned_here("long")}
    for rank in range(2):
        assert json.loads((tmp_path / f"{rank}.json").read_text()) == expected


@pytest.mark.slow
def test_who_comes_alone_waits_no_longer_than_the_timeout(tmp_path):
    script = (
        "from datetime import timedelta\n"
        "from shared_fits import classify\n"
        "from sklearn_rnn._training import ranks\n"
        "ranks.TIMEOUT = timedelta(seconds=2)\n"
        "classify(2)\n"
    )
    env = {**os.environ, "RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "localhost"}
    env = {**env, "MASTER_PORT": str(free_port()), "PYTHONPATH": os.pathsep.join(sys.path)}
    began = time.monotonic()
    command = [sys.executable, "-c", script]
    process = subprocess.run(command, env=env, capture_output=True, text=True, timeout=100)
    assert process.returncode == 1
    assert "RuntimeError: This process did not reach the others within 2 s." in process.stderr
    assert time.monotonic() - began < 60


def differ(one, other):
    """Return a function that differs in the first thread that calls it."""
    calls = iter([one])
    return lambda: next(calls, other)()


def fit(X=IDS, y=LABELS, **params):
    params = {**SMALL, "max_epochs": 1, "n_shards": 2, **params}
    return RNNTextClassifier(**params).fit(X, y)


@pytest.mark.parametrize(
    ("other", "what"),
    [
        ({"X": IDS[::-1]}, "the documents to train on"),
        ({"y": LABELS[::-1]}, "the documents to train on"),
        ({"lr": 0.1}, "the parameter lr"),
        ({"hidden_size": 5}, "the parameter hidden_size.*the weights to start from"),
        ({"random_state": 1}, "the random numbers.*the weights to start from"),
        ({"n_shards": 4}, "the parameter n_shards"),
    ],
)
def test_processes_that_differ_are_refused(other, what, monkeypatch):
    function = differ(fit, partial(fit, **other))
    with pytest.raises(ValueError, match=f"differ in .*{what}.*an int as random_state"):
        in_ranks(2, function, monkeypatch)


def test_processes_that_differ_in_a_part_of_a_parameter_are_refused(monkeypatch):
    fits = [partial(fit, optimizer=partial(torch.optim.SGD, momentum=m)) for m in (0.5, 0.9)]
    with pytest.raises(ValueError, match="differ in the parameter optimizer"):
        in_ranks(2, differ(*fits), monkeypatch)


def test_random_numbers_that_differ_are_found_where_weights_do_not(monkeypatch):
    model = fit(random_state=0)
    models = [RNNTextClassifier(**model.get_params()) for _ in range(2)]
    for each in models:
        vars(each).update(vars(model), warm_start=True, random_state=None)
    functions = [partial(each.fit, IDS, LABELS) for each in models]
    with pytest.raises(ValueError, match="differ in the random numbers"):
        in_ranks(2, differ(*functions), monkeypatch)


def test_processes_may_differ_in_how_they_compute(monkeypatch, tmp_path):
    own = {"n_jobs": 2, "verbose": 0, "device": "cpu", "checkpoint": tmp_path, "warm_start": True}
    function = differ(fit, partial(fit, **own))
    one, other = in_ranks(2, function, monkeypatch)
    assert have_same_weights(one, other)


class Skip(Callback):
    """Take one epoch less than the others."""

    def on_train_begin(self, net, **kwargs):
        net.max_epochs = 1


def test_processes_that_lose_step_are_refused(monkeypatch):
    function = differ(partial(fit, max_epochs=2), partial(fit, max_epochs=2, callbacks=[Skip()]))
    with pytest.raises(RuntimeError, match="is at another step of its training"):
        in_ranks(2, function, monkeypatch)


def test_only_the_first_process_shows_progress(monkeypatch):
    models = in_ranks(2, partial(fit, verbose=1), monkeypatch)
    assert ["progress_bar" in dict(model.net_.callbacks_) for model in models] == [True, False]


@pytest.fixture
def four_processes(monkeypatch):
    """Let torchrun have started four processes, none of which is asked for anything."""
    for name, value in {"RANK": 1, "WORLD_SIZE": 4, "MASTER_PORT": 1}.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.setenv("MASTER_ADDR", "localhost")


def test_more_processes_than_shards_are_refused(four_processes):
    with pytest.raises(ValueError, match=r"'n_shards' .*at least .*Got 2 for 4 processes"):
        fit(n_shards=2)


def test_processes_that_train_alone_are_warned(four_processes):
    with pytest.warns(UserWarning, match="There are 4 processes.*Set n_shards=4"):
        model = fit(n_shards=1)
    assert have_same_weights(model, fit_without_environment(n_shards=1))


def fit_without_environment(**params):
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("WORLD_SIZE")
        return fit(**params)


def count_in_fork():
    read, write = os.pipe()
    if not (child := os.fork()):
        os.write(write, str(count_processes()).encode())
        os._exit(0)
    os.waitpid(child, 0)
    return int(os.read(read, 10))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_is_alone(four_processes):
    assert count_processes() == 4
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forks where there are threads
        assert count_in_fork() == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_leaves_the_group_of_its_parent_alone(process_group, monkeypatch):
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 2)
    assert count_processes() == 2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        assert count_in_fork() == 1


def test_part_of_the_environment_is_none(four_processes, monkeypatch):
    monkeypatch.delenv("MASTER_PORT")
    assert count_processes() == 1


def test_who_trains_alone_inside_shares_nothing(monkeypatch):
    monkeypatch.setattr(ranks_file, "_find_ranks", lambda estimator: estimator)
    outer = ranks_file.Ranks(0, 2)
    with sharing_out(outer):
        assert current_ranks() is outer
        with sharing_out(ALONE):
            assert current_ranks() is ALONE
        assert current_ranks() is outer
    assert current_ranks() is ALONE


@pytest.mark.parametrize("n_ranks", [1, 2])
def test_an_optimizer_that_accelerate_prepares_learns_the_same(n_ranks, tmp_path):
    pytest.importorskip("accelerate")
    expected = {"classify": learned_here("classify")}
    found = fit_in_processes(n_ranks, tmp_path / "more", "classify", what="accelerate")
    assert found == [expected] * n_ranks


def test_a_network_that_accelerate_prepares_is_refused(tmp_path):
    pytest.importorskip("accelerate")
    processes = start(2, tmp_path, "prepare", "classify")
    errors = finish(processes)
    assert [process.returncode for process in processes] == [1, 1]
    for error in errors:
        assert "TypeError: The network is wrapped in DistributedDataParallel" in error


@pytest.fixture
def process_group():
    """Have a process group of this process alone."""
    torch.distributed.init_process_group(
        "gloo", store=torch.distributed.HashStore(), rank=0, world_size=1
    )
    yield
    torch.distributed.destroy_process_group()


class Wrap(Callback):
    """Do what a user may do to train in several processes."""

    def __init__(self, wrap):
        self.wrap = wrap

    def on_train_begin(self, net, **kwargs):
        net.module_ = self.wrap(net.module_)


class DeepSpeedEngine(torch.nn.Module):
    """Named as deepspeed's, which does not come without a compiler."""

    def __init__(self, module):
        super().__init__()
        self.module = module


@pytest.mark.parametrize(
    ("wrap", "name"),
    [
        (torch.nn.parallel.DistributedDataParallel, "DistributedDataParallel"),
        (replicate, "DDP"),
        (DeepSpeedEngine, "DeepSpeedEngine"),
    ],
)
def test_a_wrapped_network_is_refused(wrap, name, process_group):
    with pytest.raises(TypeError, match=rf"wrapped in {name}, .*set n_shards"):
        fit(callbacks=[Wrap(wrap)], n_shards=1)


def test_a_network_wrapped_between_chunks_is_refused(process_group):
    model = RNNTextClassifier(**SMALL).partial_fit(IDS, LABELS, classes=[0, 1, 2])
    model.net_.module_ = torch.nn.parallel.DistributedDataParallel(model.module_)
    with pytest.raises(TypeError, match="wrapped in DistributedDataParallel"):
        model.partial_fit(IDS, LABELS)


def test_one_process_in_a_group_shares_nothing(process_group):
    assert count_processes() == 1
    assert have_same_weights(classify(2), classify(2))
    np.testing.assert_array_equal(fit(n_shards=2).classes_, [0, 1, 2])
