"""What the tests of processes run in each of them: fits by name, and what ends one early.

``python shared_training.py FOLDER WHAT NAME...`` writes the digests of the weights into
FOLDER. WHAT is "fit", or how the second process ends in the midst of its training: "kill",
"interrupt", or "kill once", which counts the starts in FOLDER. "accelerate" lets accelerate connect
the processes and prepare the optimizer, and "prepare" the network as well.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

from shared_fits import EVERY_FIT
from skorch.callbacks import Callback

from sklearn_rnn._training.fit_identity import digest

RANK = int(os.environ.get("RANK", "0"))


class End(Callback):
    """End this process in the midst of an epoch."""

    def __init__(self, number):
        self.number = number

    def on_batch_end(self, net, **kwargs):
        if len(net.history) == 2:
            (FOLDER / "ended").write_text(str(time.time()))
            os.kill(os.getpid(), self.number)


class Prepare(Callback):
    """Do what a user of accelerate may do."""

    def on_train_begin(self, net, **kwargs):
        from accelerate import Accelerator

        accelerator = Accelerator(cpu=True)
        net.optimizer_ = accelerator.prepare(net.optimizer_)
        if WHAT == "prepare":
            net.module_ = accelerator.prepare(net.module_)


def callbacks():
    if WHAT in ("accelerate", "prepare"):
        return [Prepare()]
    if RANK != 1 or WHAT == "fit":
        return None
    if WHAT == "kill once":
        if (FOLDER / "ended").exists():
            return None
        return [End(signal.SIGKILL)]
    return [End(signal.SIGINT if WHAT == "interrupt" else signal.SIGKILL)]


def main():
    found = {}
    for name in NAMES:
        fit, params = EVERY_FIT[name]
        try:
            model = fit(4, **{"callbacks": callbacks(), **params})
        except RuntimeError as error:
            # Not left to the interpreter, which would first end the connection.
            (FOLDER / f"error {RANK}").write_text(f"{time.time()} {error}")
            raise
        state = list(model.module_.state_dict().values())
        found[name] = [digest(state), model.loss_curve_]
    (FOLDER / f"{RANK}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    FOLDER, WHAT, NAMES = Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
    main()
