"""skorch callbacks of our own: validation score, gradient clipping, schedule, progress."""

from __future__ import annotations

from collections.abc import Callable

from skorch.callbacks import Callback
from tqdm.auto import tqdm

from sklearn_rnn._optimizers import clip_grad_norm


class ValidationAccuracy(Callback):
    """Record the weighted accuracy on the validation set as `valid_score`."""

    def on_epoch_begin(self, net, **kwargs):
        """Start counting anew."""
        self.correct_ = self.total_ = 0.0

    def on_batch_end(self, net, batch, training, y_pred=None, **kwargs):
        """Count the correct documents of a validation batch."""
        if training:
            return
        targets, weights = batch[1]
        hits = (y_pred.argmax(dim=-1).cpu() == targets).double()
        self.correct_ += float((hits * weights).sum())
        self.total_ += float(weights.sum())

    def on_epoch_end(self, net, **kwargs):
        """Write the accuracy to the history, where there was a validation set."""
        if self.total_:
            net.history.record("valid_score", self.correct_ / self.total_)


class ClipGradNorm(Callback):
    """Bound the joint norm of all gradients of a step.

    Parameters
    ----------
    max_norm : float
        The largest norm.
    """

    def __init__(self, max_norm):
        self.max_norm = max_norm

    def on_grad_computed(self, net, named_parameters, **kwargs):
        """Scale the gradients down where they are larger."""
        clip_grad_norm([parameter for _, parameter in named_parameters], self.max_norm)


class LearningRateSchedule(Callback):
    """Set the learning rate before each step as a function of the share of training done.

    Parameters
    ----------
    factor : callable
        ``factor(step, n_steps)`` returns what the learning rate is multiplied by.
    n_steps : int
        Steps of the whole training.
    """

    def __init__(self, factor: Callable[[int, int], float], n_steps: int):
        self.factor = factor
        self.n_steps = n_steps

    def on_train_begin(self, net, **kwargs):
        """Note the rates that the optimizer was made with."""
        self.step_ = 0
        self.initial_ = [group["lr"] for group in net.optimizer_.param_groups]

    def on_batch_begin(self, net, training, **kwargs):
        """Set the rate of the coming step."""
        if not training:
            return
        factor = self.factor(min(self.step_, self.n_steps), self.n_steps)
        for group, initial in zip(net.optimizer_.param_groups, self.initial_, strict=True):
            group["lr"] = initial * factor
        self.step_ += 1

    def on_epoch_end(self, net, **kwargs):
        """Write the rate to the history."""
        net.history.record("lr", net.optimizer_.param_groups[0]["lr"])


class ProgressBar(Callback):
    """One bar for the whole training, with loss, validation score and speed.

    Parameters
    ----------
    max_epochs : int
        Epochs that training may take.
    """

    def __init__(self, max_epochs):
        self.max_epochs = max_epochs
        self.bar_ = None

    def on_train_begin(self, net, X=None, **kwargs):
        """Open the bar."""
        train, _ = X
        total = self.max_epochs * len(train)
        self.bar_ = tqdm(total=total, unit="doc", unit_scale=True, desc="fit")

    def on_batch_end(self, net, batch, training, **kwargs):
        """Advance by the documents of a training batch."""
        if training:
            self.bar_.update(len(batch[0]))

    def on_epoch_end(self, net, **kwargs):
        """Show what the epoch gave."""
        row = net.history[-1]
        shown = {"epoch": f"{row['epoch']}/{self.max_epochs}", "loss": f"{row['train_loss']:.4f}"}
        if "valid_score" in row:
            shown["valid_score"] = f"{row['valid_score']:.4f}"
        self.bar_.set_postfix(shown)

    def on_train_end(self, net, **kwargs):
        """Close the bar."""
        self.bar_.close()
        self.bar_ = None

    def __getstate__(self):
        return {**self.__dict__, "bar_": None}
