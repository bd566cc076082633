"""Files written in one step."""

import errno
import os
import stat
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from sklearn_rnn._files.atomic_write import write_atomically

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="no such thing on Windows")


@pytest.fixture
def path(tmp_path):
    (tmp_path / "model").write_bytes(b"old")
    return tmp_path / "model"


def names_beside(path):
    return sorted(other.name for other in path.parent.iterdir())


@pytest.mark.parametrize("name", ["model", "new", "ünicode ☃", "x" * 255, "ä" * 127])
def test_file_is_written_and_nothing_else(path, name):
    target = path.with_name(name)
    write_atomically(target, b"data")
    assert target.read_bytes() == b"data"
    assert names_beside(path) == sorted({"model", name})


def test_str_and_relative_paths(path, monkeypatch):
    monkeypatch.chdir(path.parent)
    write_atomically("model", b"new")
    assert path.read_bytes() == b"new"


def test_disk_is_reached_before_the_name(path, monkeypatch):
    calls = []
    fsync, replace = os.fsync, os.replace

    def record_fsync(descriptor):
        calls.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    def record_replace(source, target):
        calls.append("replace")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", record_fsync)
    monkeypatch.setattr(os, "replace", record_replace)
    write_atomically(path, b"new")
    assert calls == ["file", "replace"] + ["folder"] * (os.name != "nt")


@pytest.mark.parametrize("function", ["fsync", "replace"])
@pytest.mark.parametrize("error", [OSError(errno.EIO, "input/output error"), KeyboardInterrupt()])
def test_failed_write_leaves_the_old_file_alone(path, monkeypatch, function, error):
    def fail(*args):
        raise error

    monkeypatch.setattr(os, function, fail)
    with pytest.raises(type(error)):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert names_beside(path) == ["model"]


@posix_only
def test_full_disk_leaves_the_old_file_alone(path):
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(OSError, match="too large"):
            write_atomically(path, bytes(10_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == b"old"
    assert names_beside(path) == ["model"]


def test_missing_folder(path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        write_atomically(path.parent / "nowhere" / "model", b"new")


def test_folder_is_not_replaced(path):
    with pytest.raises(IsADirectoryError, match="folder"):
        write_atomically(path.parent, b"new")


@posix_only
def test_mode_of_an_old_file_is_kept(path):
    path.chmod(0o640)
    write_atomically(path, b"new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@posix_only
def test_new_file_has_the_mode_of_any_new_file(path):
    write_atomically(path.with_name("new"), b"new")
    path.with_name("plain").write_bytes(b"new")
    assert path.with_name("new").stat().st_mode == path.with_name("plain").stat().st_mode


@posix_only
def test_links_are_followed(path):
    link = path.with_name("link")
    link.symlink_to("model")
    write_atomically(link, b"new")
    assert link.is_symlink()
    assert path.read_bytes() == b"new"


@posix_only
def test_next_write_removes_what_a_killed_one_left(path):
    child = os.fork()
    if child == 0:
        os.replace = lambda *args: os.kill(os.getpid(), 9)
        write_atomically(path, b"new")
    os.waitpid(child, 0)
    left = names_beside(path)
    assert len(left) == 2
    write_atomically(path.with_name("other"), b"new")
    assert set(left) < set(names_beside(path))  # it belongs to another file
    write_atomically(path, b"new")
    assert names_beside(path) == ["model", "other"]


@posix_only
def test_a_write_under_way_is_left_alone(path, monkeypatch):
    replace = os.replace

    def write_within(source, target):
        monkeypatch.setattr(os, "replace", replace)
        write_atomically(path, b"inner")
        replace(source, target)

    monkeypatch.setattr(os, "replace", write_within)
    write_atomically(path, b"outer")
    assert path.read_bytes() == b"outer"
    assert names_beside(path) == ["model"]


def test_writes_from_many_threads(path):
    contents = [bytes([i]) * 100_000 for i in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda data: write_atomically(path, data), contents * 4))
    assert path.read_bytes() in contents
    assert names_beside(path) == ["model"]
