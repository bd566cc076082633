"""The most memory that a process took for a while."""

import threading
from pathlib import Path
from time import sleep

PAGE = 4096


class PeakMemory:
    """Watch the resident memory of this process, on Linux.

    Attributes
    ----------
    peak : int
        Bytes by which it grew at most, from the beginning of the block to what was seen after
        `start`.
    """

    def __enter__(self):
        self.before = self._resident()
        self.peak = 0
        self.watching = True
        self.thread = threading.Thread(target=self._watch)
        self.thread.start()
        return self

    def start(self):
        """Forget the peak so far."""
        self.peak = 0

    def __exit__(self, *error):
        self.watching = False
        self.thread.join()

    def _watch(self):
        while self.watching:
            self.peak = max(self.peak, self._resident() - self.before)
            sleep(0.005)

    def _resident(self):
        return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE
