"""The memory of this process, as Linux tells it."""

from pathlib import Path

STATUS = Path("/proc/self/status")


def read_memory(name):
    """Return the bytes resident now ("VmRSS") or at most so far ("VmHWM"), None elsewhere.

    The figure of `getrusage` would start at what the parent held when it made this process.
    """
    if not STATUS.exists():
        return None
    lines = STATUS.read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(name))


class PeakMemory:
    """By how much this process grows at most from now on."""

    def __init__(self):
        self.before = read_memory("VmRSS")

    def forget(self):
        """Let the peak begin anew at what is held now."""
        Path("/proc/self/clear_refs").write_text("5")

    def growth(self):
        """Return the bytes of the peak beyond what was held at the beginning."""
        return read_memory("VmHWM") - self.before
