import ctypes
import os
import pickle
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_rnn import RNNTextClassifier, load, save
from sklearn_rnn.datasets import make_word_order
from sklearn_rnn.inspection import gradient_flow, token_importance, trace
from sklearn_rnn.modules import (
    GRUCell,
    LSTMCell,
    PackedLayout,
    RecurrentLayer,
    RNNCell,
    UniqueRows,
)
from sklearn_rnn.modules import kernels as own_kernels
from sklearn_rnn.modules.kernels import _build, _compiler

try:
    own_kernels.load_kernels()
except RuntimeError as error:
    pytest.skip(str(error), allow_module_level=True)

needs_installed = pytest.mark.skipif(
    not own_kernels.has_kernels("auto"), reason="the package was installed without kernels"
)

MAKE_CELL = {
    "rnn_tanh": lambda *sizes: RNNCell(*sizes, activation="tanh"),
    "rnn_relu": lambda *sizes: RNNCell(*sizes, activation="relu"),
    "rnn_sigmoid": lambda *sizes: RNNCell(*sizes, activation="sigmoid"),
    "lstm": LSTMCell,
    "gru": GRUCell,
}


# One for which no kernels are installed; others than x86 have one set for all.
needs_another_processor = pytest.mark.skipif(
    not _compiler.IS_X86, reason="every processor of this kind has kernels installed for it"
)
ANOTHER_PROCESSOR = {"ATEN_CPU_CAPABILITY": "default"}


def run_on_another_processor(source, **environment):
    """Run Python where no kernels were installed for the processor."""
    environment = {**os.environ, **ANOTHER_PROCESSOR, **environment}
    command = [sys.executable, "-c", source]
    return subprocess.run(command, capture_output=True, text=True, env=environment)


def states_and_grads(cell, x, layout, grad, *, reverse, kernels):
    layer = RecurrentLayer(cell, reverse=reverse, kernels=kernels)
    states = layer(x, layout)
    return [states, *torch.autograd.grad(states, [x, *cell.parameters()], grad)]


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("name", MAKE_CELL)
@given(
    lengths=st.lists(st.integers(1, 12), min_size=1, max_size=30),
    n_units=st.sampled_from([1, 7, 16, 24, 70]),
    seed=st.integers(0, 100),
)
@settings(max_examples=15, deadline=None)
def test_kernels_compute_what_torch_computes(name, reverse, lengths, n_units, seed):
    generator = torch.manual_seed(seed)
    lengths = torch.tensor(sorted(lengths, reverse=True))
    layout = PackedLayout((lengths[None] > torch.arange(lengths[0])[:, None]).sum(1))
    cell = MAKE_CELL[name](5, n_units)
    for parameter in cell.parameters():
        torch.nn.init.normal_(parameter, std=0.5 / n_units**0.5, generator=generator)
    x = torch.randn(int(lengths.sum()), 5, requires_grad=True)
    grad = torch.randn(len(x), n_units)
    ours, theirs = (
        states_and_grads(cell, x, layout, grad, reverse=reverse, kernels=kernels)
        for kernels in (True, False)
    )
    for our, their in zip(ours, theirs, strict=True):
        torch.testing.assert_close(our, their, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("name", MAKE_CELL)
@given(
    lengths=st.lists(st.integers(1, 12), min_size=1, max_size=30),
    n_rows=st.integers(1, 20),
    n_units=st.sampled_from([1, 16, 24]),
    seed=st.integers(0, 100),
)
@settings(max_examples=15, deadline=None)
def test_inputs_that_repeat_are_read_as_if_written_out(
    name, reverse, lengths, n_rows, n_units, seed
):
    torch.manual_seed(seed)
    lengths = torch.tensor(sorted(lengths, reverse=True))
    layout = PackedLayout((lengths[None] > torch.arange(lengths[0])[:, None]).sum(1))
    cell = MAKE_CELL[name](5, n_units)
    with torch.no_grad():
        # One unit with a weight of -1 takes back what it has read, and a ReLU has a kink at 0.
        cell.weight_hh *= 0.7
    rows = torch.randn(n_rows, 5, requires_grad=True)
    index = torch.randint(n_rows, (int(lengths.sum()),))
    grad = torch.randn(len(index), n_units)
    expected, found = [], []
    for results, kernels in ((expected, False), (found, True)):
        states = RecurrentLayer(cell, reverse=reverse, kernels=kernels)(
            UniqueRows(rows, index), layout
        )
        results += [states, *torch.autograd.grad(states, [rows, *cell.parameters()], grad)]
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=5e-5, atol=5e-5)


def test_inspection_sees_each_token_of_a_compiled_model():
    X, y = make_word_order(n_samples=60, random_state=0)
    clf = RNNTextClassifier(cell="gru", kernels=True, max_epochs=2, random_state=0).fit(X, y)

    def inspect():
        by_token = [trace(clf, X[0]).to_frame(), token_importance(clf, X[0])]
        return [*by_token, gradient_flow(clf, X[:2], y[:2])]

    compiled = inspect()
    clf.module_.deep.unique = False
    for layer in clf.module_.modules():
        if isinstance(layer, RecurrentLayer):
            layer.kernels = False
    for ours, plain in zip(compiled, inspect(), strict=True):
        pd.testing.assert_frame_equal(ours, plain, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", MAKE_CELL)
def test_a_document_does_not_depend_on_those_beside_it(name):
    torch.manual_seed(0)
    cell = MAKE_CELL[name](5, 24)
    layer = RecurrentLayer(cell, kernels=True)
    x = torch.randn(9, 13, 5)  # 9 steps of 13 documents
    together = layer(x.flatten(0, 1), PackedLayout(torch.full((9,), 13))).view(9, 13, 24)
    for document in (0, 5, 12):
        alone = layer(x[:, document], PackedLayout(torch.ones(9, dtype=torch.int64)))
        # What torch multiplies with the inputs may differ in the last bit.
        torch.testing.assert_close(alone, together[:, document], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", MAKE_CELL)
def test_numbers_that_are_none_and_large_ones_come_through(name):
    cell = MAKE_CELL[name](1, 16)
    layout = PackedLayout(torch.tensor([2, 2]))
    layer = RecurrentLayer(cell, kernels=True)
    x = torch.tensor([[torch.nan], [1e30], [0.0], [1.0]])
    states = layer(x, layout)
    assert states[0].isnan().all() and states[2].isnan().all()
    if name != "rnn_relu":
        assert states[1].isfinite().all()


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_classifier_learns_the_same_by_kernels(cell):
    X, y = make_word_order(n_samples=60, random_state=0)
    params = {"cell": cell, "max_epochs": 2, "dropout": 0, "word_dropout": 0, "random_state": 0}
    compiled = RNNTextClassifier(kernels=True, **params).fit(X, y)
    plain = RNNTextClassifier(kernels=False, **params).fit(X, y)
    np.testing.assert_allclose(compiled.predict_proba(X), plain.predict_proba(X), atol=1e-4)
    layers = [m for m in compiled.module_.modules() if isinstance(m, RecurrentLayer)]
    assert all(layer.kernels for layer in layers)


def test_classifier_learns_the_same_by_kernels_in_chunks():
    X, y = make_word_order(n_samples=60, random_state=0)
    params = {"cell": "gru", "dropout": 0, "word_dropout": 0, "random_state": 0}
    compiled, plain = (RNNTextClassifier(kernels=value, **params) for value in (True, False))
    for clf in (compiled, plain):
        clf.partial_fit(X[:30], y[:30], classes=np.unique(y)).partial_fit(X[30:], y[30:])
    np.testing.assert_allclose(compiled.predict_proba(X), plain.predict_proba(X), atol=1e-4)
    layers = [m for m in compiled.module_.modules() if isinstance(m, RecurrentLayer)]
    assert all(layer.kernels for layer in layers)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_same_bits_on_any_number_of_threads(precision):
    X, y = make_word_order(n_samples=200, min_length=40, random_state=0)
    params = {"cell": "gru", "kernels": True, "precision": precision, "max_epochs": 2}
    one, two = (
        RNNTextClassifier(n_jobs=n_jobs, batch_size=64, random_state=0, **params)
        .fit(X, y)
        .predict_proba(X)
        for n_jobs in (1, 2)
    )
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("name", ["weight_ih", "weight_hh", "bias_ih", "bias_hh"])
def test_weights_of_several_precisions_are_no_matter_for_kernels(name):
    """A file may hold such; numbers of half the size must not be read as if they were whole."""
    cell, x = GRUCell(3, 16), torch.randn(6, 3)
    assert own_kernels.can_read(cell, x, True)
    parameter = getattr(cell, name)
    parameter.data = parameter.half()
    assert not own_kernels.can_read(cell, x, True)


def test_saved_models_go_on_with_kernels(tmp_path):
    X, y = make_word_order(n_samples=50, min_length=10, random_state=0)
    clf = RNNTextClassifier(cell="gru", kernels=True, max_epochs=1, random_state=0).fit(X, y)
    save(clf, tmp_path / "model.safetensors")
    loaded = load(tmp_path / "model.safetensors")
    assert loaded.module_.deep.encoder.layers[0][0].kernels
    np.testing.assert_array_equal(loaded.predict_proba(X), clf.predict_proba(X))


def test_recurrent_dropout_reaches_the_kernels():
    torch.manual_seed(0)
    layer = RecurrentLayer(GRUCell(3, 16), kernels=True, recurrent_dropout=0.5)
    x, layout = torch.randn(6, 3), PackedLayout(torch.tensor([2, 2, 2]))
    assert not torch.equal(layer(x, layout)[2:], layer.eval()(x, layout)[2:])


@needs_installed
def test_installed_kernels_are_used_unasked(monkeypatch):
    inputs = []

    def read(cell, x, *args, **params):
        inputs.append(x)
        return own_kernels._recurrence.read(cell, x, *args, **params)

    monkeypatch.setattr(own_kernels, "read", read)
    X, y = make_word_order(n_samples=40, random_state=0)
    RNNTextClassifier(max_epochs=1).fit(X, y)
    assert inputs and all(isinstance(x, UniqueRows) for x in inputs)


@needs_installed
def test_what_reads_no_repeats_is_given_none(monkeypatch):
    monkeypatch.setattr(UniqueRows, "dense", lambda self: pytest.fail("written out again"))
    X, y = make_word_order(n_samples=40, random_state=0)
    RNNTextClassifier(cell="mgu", skip_connection=False, max_epochs=1).fit(X, y)


@needs_installed
@pytest.mark.parametrize("instruction_set", _compiler.INSTRUCTION_SETS)
def test_kernels_of_each_instruction_set_compute_the_same(instruction_set, tmp_path):
    """Those for an older processor run on this one; the other way round they cannot be tried."""
    if _compiler.IS_X86 and instruction_set > torch.backends.cpu.get_cpu_capability():
        pytest.skip(f"this processor has no {instruction_set}")
    X, y = make_word_order(n_samples=40, random_state=0)
    params = {"cell": "gru", "max_epochs": 2, "dropout": 0, "word_dropout": 0, "random_state": 0}
    source = (
        "import numpy as np\n"
        "from sklearn_rnn import RNNTextClassifier\n"
        "from sklearn_rnn.datasets import make_word_order\n"
        "from sklearn_rnn.modules.kernels import has_kernels\n"
        "assert has_kernels('auto')\n"
        "X, y = make_word_order(n_samples=40, random_state=0)\n"
        f"clf = RNNTextClassifier(**{params}).fit(X, y)\n"
        f"np.save({str(tmp_path / 'proba.npy')!r}, clf.predict_proba(X))\n"
    )
    result = run_on_another_processor(source, ATEN_CPU_CAPABILITY=instruction_set.lower())
    assert not result.returncode, result.stderr
    plain = RNNTextClassifier(kernels=False, **params).fit(X, y)
    np.testing.assert_allclose(np.load(tmp_path / "proba.npy"), plain.predict_proba(X), atol=1e-4)


@needs_another_processor
def test_nobody_is_made_to_wait_for_a_compiler_unasked(tmp_path):
    source = (
        "from sklearn_rnn import RNNTextClassifier\n"
        "from sklearn_rnn.modules.kernels import has_kernels\n"
        "clf = RNNTextClassifier(max_epochs=1).fit(['a b', 'b a'] * 5, [0, 1] * 5)\n"
        "print(has_kernels('auto'), clf.predict(['a b']).shape)"
    )
    result = run_on_another_processor(source, XDG_CACHE_HOME=str(tmp_path))
    assert result.stdout.split() == ["False", "(1,)"], result.stderr
    assert not list(tmp_path.rglob("*.so"))


@needs_installed
def test_kernels_of_an_older_source_are_not_used(tmp_path, monkeypatch):
    newer = tmp_path / "recurrence.cpp"
    newer.write_text(_compiler.SOURCE.read_text() + "\n")
    monkeypatch.setattr(_compiler, "SOURCE", newer)
    assert _build._installed.__wrapped__() is None


@needs_another_processor
def test_without_a_compiler_fit_says_what_to_do(tmp_path):
    source = (
        "from sklearn_rnn import RNNTextClassifier\n"
        "RNNTextClassifier(kernels=True).fit(['a b', 'b a'] * 5, [0, 1] * 5)"
    )
    environment = {"CXX": "no-such-compiler", "XDG_CACHE_HOME": str(tmp_path)}
    result = run_on_another_processor(source, **environment)
    assert "RuntimeError: kernels=True needs a C++ compiler, but no-such-compiler" in result.stderr


def test_a_compiler_that_fails_is_quoted(tmp_path, monkeypatch):
    broken = tmp_path / "recurrence.cpp"
    broken.write_text("int main( {")
    monkeypatch.setattr(_compiler, "SOURCE", broken)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(RuntimeError, match=r"(?s)compiler of C\+\+17.*error"):
        _build._built(tmp_path)
    assert list(tmp_path.iterdir()) == [broken]


def test_a_model_of_the_kernels_predicts_without_them(monkeypatch):
    X, y = make_word_order(n_samples=40, random_state=0)
    clf = RNNTextClassifier(cell="gru", kernels=True, max_epochs=1, random_state=0).fit(X, y)
    expected = clf.predict_proba(X)
    for place in (own_kernels, own_kernels._recurrence):
        monkeypatch.setattr(place, "has_kernels", lambda kernels: False)
    np.testing.assert_allclose(clf.predict_proba(X), expected, atol=1e-5)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Return a cache folder of our own, for a compiler that is quick."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(_build, "FLAGS", ("-O0",))
    monkeypatch.setattr(_compiler, "FLAGS", ("-O0", *_compiler.FLAGS[1:]))
    return _build._cache_folder()


def test_library_is_compiled_once(cache, tmp_path, monkeypatch):
    assert cache == tmp_path / "sklearn_rnn"
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700
    built = _build._built(cache)
    assert list(cache.iterdir()) == [built]
    monkeypatch.setattr(_build, "compile_library", lambda *_: pytest.fail("compiled again"))
    assert _build._built(cache) == built


@pytest.mark.parametrize(
    "content", [b"\x7fELF", *(pytest.param(each, marks=pytest.mark.slow) for each in (b"", None))]
)
def test_a_damaged_library_is_compiled_again(cache, content):
    built = _build._built(cache)
    whole = built.read_bytes()
    built.write_bytes(whole[: len(whole) // 2] if content is None else content)
    again = _build._built(cache)
    assert ctypes.CDLL(str(again)).width() > 0


def test_processes_that_compile_at_once_get_whole_libraries(cache):
    with ThreadPoolExecutor(2) as pool:
        libraries = list(pool.map(_build._built, [cache, cache]))
    assert all(ctypes.CDLL(str(library)).width() > 0 for library in libraries)
    assert set(cache.iterdir()) == set(libraries)


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o1777])
def test_a_folder_where_others_can_write_is_no_cache(cache, mode):
    cache.chmod(mode)
    assert _build._cache_folder() is None


def test_a_link_is_no_cache(cache):
    cache.rename(cache.with_name("elsewhere"))
    cache.symlink_to("elsewhere")
    assert _build._cache_folder() is None


def test_a_folder_of_another_user_is_no_cache(cache, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: cache.stat().st_uid + 1)
    assert _build._cache_folder() is None


def test_a_library_that_others_can_write_is_not_loaded(cache, monkeypatch):
    planted = _build._built(cache)
    planted.chmod(0o722)
    compiled = []
    monkeypatch.setattr(
        _build, "compile_library", lambda flags, path: path.write_bytes(compiled.append(1) or b"x")
    )
    assert _build._built(cache) != planted
    assert compiled


@pytest.fixture
def no_library(monkeypatch):
    """Let no library be installed, nor compiled before."""
    monkeypatch.setattr(_build, "_installed", lambda: None)
    _build._compiled.cache_clear()
    yield
    _build._compiled.cache_clear()


def test_without_a_cache_no_folder_is_left(cache, no_library, tmp_path, monkeypatch):
    cache.chmod(0o777)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    assert _build.load_kernels().width() > 0
    assert not list(temporary.iterdir())
    assert not list(cache.iterdir())


def test_a_cache_from_which_nothing_is_loaded_is_done_without(cache, no_library, monkeypatch):
    tried, open_library = [], ctypes.CDLL

    def fail_in_cache(name):
        tried.append(name)
        if name.startswith(str(cache)):
            raise OSError(f"{name}: failed to map segment from shared object")
        return open_library(name)

    monkeypatch.setattr(ctypes, "CDLL", fail_in_cache)
    assert _build.load_kernels().width() > 0
    assert len(tried) == 2


def test_only_fit_starts_the_compiler(cache, no_library, tmp_path, monkeypatch):
    """A model that was fitted with kernels opens and predicts where there are none."""
    X, y = make_word_order(n_samples=40, random_state=0)
    params = {"cell": "gru", "kernels": True, "max_epochs": 1, "random_state": 0}
    clf = RNNTextClassifier(**params).fit(X, y)
    expected = clf.predict_proba(X)
    save(clf, tmp_path / "model")
    pickled = pickle.dumps(clf)
    _build._compiled.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "run", lambda *args, **_: pytest.fail(f"{args} was started"))
        for loaded in (load(tmp_path / "model"), pickle.loads(pickled)):
            np.testing.assert_allclose(loaded.predict_proba(X), expected, atol=1e-5)
    assert not own_kernels.has_kernels(True)
    loaded.fit(X, y)
    assert own_kernels.has_kernels(True)
    np.testing.assert_array_equal(loaded.predict_proba(X), expected)


def test_a_stream_goes_on_with_kernels_in_another_process(cache, no_library):
    clf = RNNTextClassifier(cell="gru", kernels=True)
    clf.partial_fit(["a b", "b"], [0, 1], classes=[0, 1])
    pickled = pickle.dumps(clf)
    _build._compiled.cache_clear()
    pickle.loads(pickled).partial_fit(["a b", "b"], [0, 1])
    assert own_kernels.has_kernels(True)


@pytest.mark.parametrize(
    ("variable", "command"),
    [
        ("{} -m64", ["{}", "-m64"]),
        ("env {}", [shutil.which("env"), "{}"]),
        ("'{}' '-DA=b c'", ["{}", "-DA=b c"]),
    ],
)
def test_the_compiler_can_be_a_command(variable, command, tmp_path, monkeypatch):
    (compiler,) = _compiler.find_compiler()[:1]
    monkeypatch.setenv("CXX", variable.format(compiler))
    command = [word.format(compiler) for word in command]
    assert _compiler.find_compiler() == command
    assert own_kernels.describe_kernels()["compiler"] == shlex.join(command)
    if _compiler.IS_X86 and "-m64" in command:
        monkeypatch.setattr(_compiler, "FLAGS", ("-O0", *_compiler.FLAGS[1:]))
        _compiler.compile_library((), tmp_path / "library.so")
        assert (tmp_path / "library.so").exists()


def test_the_path_of_a_compiler_can_have_blanks(tmp_path, monkeypatch):
    compiler = tmp_path / "my compiler"
    compiler.write_text("#!/bin/sh\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("CXX", str(compiler))
    assert _compiler.find_compiler() == [str(compiler)]


@pytest.mark.parametrize("variable", ["'g++", "-m64", " "])
def test_a_command_without_a_compiler(variable, monkeypatch):
    monkeypatch.setenv("CXX", variable)
    with pytest.raises(RuntimeError, match="needs a C\\+\\+ compiler, but"):
        _compiler.find_compiler()


@pytest.mark.skipif(sys.platform != "linux", reason="memory can be limited on Linux only")
def test_out_of_memory_is_an_error_not_the_end():
    source = (
        "import ctypes, resource, torch\n"
        "from sklearn_rnn.modules import LSTMCell, PackedLayout, RecurrentLayer\n"
        "torch.set_num_threads(1)\n"
        "layout, x = PackedLayout(torch.tensor([1, 1])), torch.ones(2, 1)\n"
        "small, large = (RecurrentLayer(LSTMCell(1, n), kernels=True) for n in (16, 2048))\n"
        "def run_out(mebibytes, call, *args):\n"
        "    ctypes.CDLL(None).malloc_trim(0)\n"  # what was freed could be taken again
        "    used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "    resource.setrlimit(resource.RLIMIT_AS, (used + mebibytes * 2**20, -1))\n"
        "    try:\n"
        "        call(*args)\n"
        "    except MemoryError as exc:\n"
        "        print(exc)\n"
        "    resource.setrlimit(resource.RLIMIT_AS, (-1, -1))\n"
        "small(x, layout).sum().backward()\n"  # what is loaded at first use
        "run_out(30, large, x, layout)\n"
        "run_out(100, large(x, layout).sum().backward)\n"  # 64 for the gradient itself
        "print(small(x, layout).isfinite().all())\n"
    )
    result = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True)
    assert not result.returncode, result.stderr
    assert result.stdout.splitlines() == [
        "the kernel lstm_forward found no memory to work in",
        "the kernel lstm_backward found no memory to work in",
        "tensor(True)",
    ]


def test_second_derivatives_are_refused():
    cell, layout = GRUCell(3, 16), PackedLayout(torch.tensor([2, 2]))
    x = torch.randn(4, 3, requires_grad=True)
    states = RecurrentLayer(cell, kernels=True)(x, layout)
    (grad,) = torch.autograd.grad(states.square().sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        grad.sum().backward()


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("unique", [False, True])
@pytest.mark.parametrize("name", MAKE_CELL)
def test_threads_of_a_kernel_do_not_change_a_bit(name, unique, reverse, monkeypatch):
    monkeypatch.setattr(own_kernels._threads, "_MIN_WORK", 0)
    generator = torch.manual_seed(0)
    # Fewer documents than threads, and documents that end at once.
    for lengths in ([7], [9, 9, 4, 1, 1], sorted(torch.randint(1, 12, (23,)).tolist())[::-1]):
        layout = PackedLayout((torch.arange(lengths[0])[:, None] < torch.tensor(lengths)).sum(1))
        cell, n_tokens = MAKE_CELL[name](37, 48), int(layout.batch_sizes.sum())
        rows = torch.randn(5 if unique else n_tokens, 37, requires_grad=True, generator=generator)
        index = torch.randint(5, (n_tokens,), generator=generator)
        grad = torch.randn(n_tokens, 48, generator=generator)
        results = []
        for n_threads in (1, 2, 3, 7):
            own_kernels.set_kernel_threads(n_threads)
            try:
                layer = RecurrentLayer(cell, reverse=reverse, kernels=True)
                states = layer(UniqueRows(rows, index) if unique else rows, layout)
                grads = torch.autograd.grad(states, [rows, *cell.parameters()], grad)
                results.append([states.detach(), *grads])
            finally:
                own_kernels.set_kernel_threads(1)
        for others in results[1:]:
            assert all(map(torch.equal, results[0], others))


def test_threads_are_started_for_enough_work_alone():
    own_kernels.set_kernel_threads(4)
    try:
        assert own_kernels._threads.threads_for(1e6) == 1
        assert own_kernels._threads.threads_for(1e9) == 4
    finally:
        own_kernels.set_kernel_threads(1)


def test_each_thread_has_a_number_of_its_own():
    own_kernels.set_kernel_threads(3)
    try:
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(own_kernels.get_kernel_threads).result() == 1
        assert own_kernels.get_kernel_threads() == 3
    finally:
        own_kernels.set_kernel_threads(1)
