"""Services in processes of their own: started, waited for, weighed and ended."""

import os
import socket
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep

START = 120  # seconds in which a service has to listen


def free_port():
    """Return a port of this machine that nothing listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def command(contestant, n_processes, port):
    """Return what starts a service: uvicorn alone, or gunicorn, which loads once and forks."""
    app = f"benchmarks.serving.contestants:{contestant}"
    if n_processes == 1:
        options = ["--factory", "--port", str(port), "--log-level", "warning", "--no-access-log"]
        return [sys.executable, "-m", "uvicorn", app, *options]
    options = ["--preload", "--workers", str(n_processes), "--bind", f"127.0.0.1:{port}"]
    worker = ["--worker-class", "uvicorn_worker.UvicornWorker", "--log-level", "warning"]
    return [sys.executable, "-m", "gunicorn", f"{app}()", *options, *worker]


@contextmanager
def serve(contestant, n_processes, model):
    """Start a service of a saved model; yield its port and its process, without waiting for it."""
    port = free_port()
    environment = {**os.environ, "MODEL": str(model)}
    with subprocess.Popen(command(contestant, n_processes, port), env=environment) as server:
        try:
            yield port, server
        finally:
            server.terminate()
            with suppress(subprocess.TimeoutExpired):
                server.wait(10)
            server.kill()


def wait_until_open(port, server):
    """Wait until a service listens; raise RuntimeError if it ends or takes too long."""
    stop = monotonic() + START
    while monotonic() < stop and server.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        sleep(0.1)
    raise RuntimeError(f"the service ended with {server.poll()} or took over {START} s to start")


def workers_of(pid):
    """Return the processes that answer: the children of gunicorn, or uvicorn itself."""
    path = Path(f"/proc/{pid}/task/{pid}/children")
    found = [int(child) for child in path.read_text().split()] if path.exists() else []
    return found or [pid]


def memory_of(pid):
    """Return the bytes of a process: all, and those it shares with no other. None elsewhere."""
    path = Path(f"/proc/{pid}/smaps_rollup")
    if not path.exists():
        return None
    lines = [line.split() for line in path.read_text().splitlines()[1:]]
    kib = {name.rstrip(":"): int(size) for name, size, *_ in lines}
    return 1024 * kib["Rss"], 1024 * (kib["Private_Clean"] + kib["Private_Dirty"])
