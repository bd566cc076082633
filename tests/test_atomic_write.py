"""Files written in one step."""

import errno
import os
import stat
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

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
def test_files_of_the_user_are_left_alone(path):
    """Those with names like temporary files, and what only has the name of one of ours."""
    child = os.fork()
    if child == 0:
        os.replace = lambda *args: os.kill(os.getpid(), 9)
        write_atomically(path, b"new")
    os.waitpid(child, 0)
    (stray,) = set(names_beside(path)) - {"model"}
    path.with_name(stray).unlink()
    others = [".model.tmp-notes.txt", ".model.tmp-01234567", f"{stray}.safetensors", stray[:-5]]
    for name in others:
        path.with_name(name).write_bytes(b"notes")
    os.mkfifo(path.with_name(stray))  # to open it would wait for ever
    write_atomically(path, b"new")
    assert names_beside(path) == sorted(["model", stray, *others])


@posix_only
@pytest.mark.parametrize("make", [os.mkfifo, lambda path: os.symlink("/dev/null", path)])
def test_what_is_no_regular_file_is_not_replaced(path, make):
    special = path.with_name("special")
    make(special)
    before = special.lstat()
    with pytest.raises(OSError, match="neither new nor a regular file"):
        write_atomically(special, b"new")
    assert os.path.samestat(special.lstat(), before)
    assert names_beside(path) == ["model", "special"]


@posix_only
def test_a_device_is_not_replaced(path):
    try:
        os.mknod(path.with_name("device"), 0o600 | stat.S_IFCHR, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("only root makes devices")
    with pytest.raises(OSError, match="neither new nor a regular file"):
        write_atomically(path.with_name("device"), b"new")
    assert stat.S_ISCHR(path.with_name("device").stat().st_mode)


@posix_only
def test_links_that_lead_nowhere(path):
    path.with_name("loop").symlink_to("loop")
    with pytest.raises(OSError, match="loop"):
        write_atomically(path.with_name("loop"), b"new")
    path.with_name("dangling").symlink_to("target")
    write_atomically(path.with_name("dangling"), b"new")
    assert path.with_name("target").read_bytes() == b"new"
    assert names_beside(path) == ["dangling", "loop", "model", "target"]
    assert path.with_name("loop").is_symlink() and path.with_name("dangling").is_symlink()


@pytest.mark.skipif(sys.platform != "linux", reason="names are text here")
def test_names_that_are_not_utf8(path):
    name = os.fsencode(path.parent) + b"/caf\xe9 \xff"
    write_atomically(os.fsdecode(name), b"new")
    write_atomically(name, b"newer")
    with open(name, "rb") as file:
        assert file.read() == b"newer"
    assert len(names_beside(path)) == 2


AS_ANOTHER_USER = """
import os, sys
from pathlib import Path
from sklearn_rnn._files.atomic_write import write_atomically
if os.geteuid() == 0:  # whom no permission stops
    os.setegid(65534), os.seteuid(65534)
try:
    write_atomically(sys.argv[1], b"new")
except PermissionError as exc:
    print("refused", exc.filename or exc)
"""


def write_without_rights(path):
    """Write as a user whom permissions stop, and return what was said."""
    command = [sys.executable, "-c", AS_ANOTHER_USER, path]
    result = subprocess.run(command, capture_output=True, text=True)
    assert not result.returncode, result.stderr
    return result.stdout


@pytest.fixture
def public_path():
    """Return a path that other users can reach too."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        Path(folder, "shared").mkdir()
        path = Path(folder, "shared", "model")
        path.write_bytes(b"old")
        yield path
        path.parent.chmod(0o700)


@posix_only
@pytest.mark.parametrize(("folder_mode", "mode"), [(0o555, 0o666), (0o777, 0o444)])
def test_read_only_places(public_path, folder_mode, mode):
    public_path.chmod(mode)
    public_path.parent.chmod(folder_mode)
    said = write_without_rights(public_path)
    assert said.startswith("refused") and str(public_path) in said
    assert public_path.read_bytes() == b"old"
    assert names_beside(public_path) == ["model"]


@posix_only
def test_a_folder_that_cannot_be_listed(public_path):
    public_path.chmod(0o666)
    public_path.parent.chmod(0o333)
    assert write_without_rights(public_path) == ""
    public_path.parent.chmod(0o700)
    assert public_path.read_bytes() == b"new"
    assert names_beside(public_path) == ["model"]


@posix_only
def test_nobody_reads_a_private_file_while_it_is_written(path, monkeypatch):
    path.chmod(0o600)
    modes = []
    chmod = os.chmod
    monkeypatch.setattr(
        os, "chmod", lambda file, mode: (modes.append(os.stat(file).st_mode), chmod(file, mode))
    )
    write_atomically(path, b"new")
    assert [stat.S_IMODE(mode) for mode in modes] == [0o600]


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
