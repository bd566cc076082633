"""The table of epochs that training prints."""

from __future__ import annotations

from typing import Any

from skorch.callbacks import Callback

# What the history calls a value, with its title and how to write it.
_COLUMNS = {
    "epoch": ("epoch", "d"),
    "train_loss": ("train loss", ".4f"),
    "valid_loss": ("valid loss", ".4f"),
    "valid_score": ("valid score", ".4f"),
    "dur": ("seconds", ".1f"),
}


class EpochTable(Callback):
    """Print a row as each epoch ends, under one line of titles.

    Values that the first epoch lacks have no column. The rows go to standard output, above the
    progress bar, and stay when the bar is done.
    """

    # The titles of the columns, once they are printed.
    titles_: dict[str, str] | None = None

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        """Print the row, and the titles above the first one."""
        # Imported here, since in a notebook without widgets the import warns.
        from tqdm.auto import tqdm

        row = net.history[-1]
        if self.titles_ is None:
            self.titles_ = {key: title for key, (title, _) in _COLUMNS.items() if key in row}
            tqdm.write("  ".join(self.titles_.values()))
        cells = [
            f"{row[key]:{_COLUMNS[key][1]}}".rjust(len(title))
            for key, title in self.titles_.items()
        ]
        tqdm.write("  ".join(cells))
