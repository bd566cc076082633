"""The skorch net: how a batch goes through the network and the loss."""

from __future__ import annotations

import copyreg
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from copy import deepcopy
from typing import Any, cast

import numpy as np
import torch
from skorch.callbacks import Callback, EarlyStopping
from skorch.utils import noop
from torch import Tensor, nn

from sklearn_rnn._training.batches import SequenceDataset, SimilarLengthBatches, TokenBatch
from sklearn_rnn._training.device import moved
from sklearn_rnn._training.net_data import net_from_bytes, net_to_bytes
from sklearn_rnn._training.predict import predict_by_kernel
from sklearn_rnn._training.process_state import side_by_side
from sklearn_rnn._training.resumable import ResumableNet
from sklearn_rnn._training.shards import step_parts
from sklearn_rnn.modules._dropout import dropout_generator
from sklearn_rnn.modules._penalties import collect_penalties
from sklearn_rnn.modules.kernels import can_update, cross_entropy

# What a network returns for a batch: one tensor, or several.
Outputs = Tensor | tuple[Tensor, ...]


class PickledState:
    """The state of a net in a pickle.

    Parameters
    ----------
    state : dict
        As skorch makes it.
    """

    def __init__(self, state: dict) -> None:
        self.state = state


class SequenceNet(ResumableNet):
    """skorch net over `SequenceDataset`, with a weight for each document.

    It differs from skorch's as follows: `fit` takes the pair of training and validation set (or
    None) as `X`; a batch reaches the module as a packed sequence; the loss is the mean over
    documents of weight times loss, for each output if the module returns several, plus what modules
    add to it in training.

    Parameters
    ----------
    autocast_dtype : torch.dtype, default=torch.float32
        The dtype of matrix products, by :class:`torch.autocast`; weights stay in float32.
    kernels : bool or "auto", default=False
        Whether to compute the loss with the package's kernel if there is one, see
        `modules.kernels.has_kernels`.
    *args, **kwargs
        As for :class:`skorch.NeuralNet`.
    """

    # What iterates over its data sets.
    batches: type[SimilarLengthBatches] = SimilarLengthBatches

    # What `partial_fit` of an estimator keeps here from one chunk to the next.
    stream_: Any = None

    # The random numbers of a training. None draws torch's own.
    _random: torch.Generator | None = None

    def __init__(
        self,
        *args: Any,
        autocast_dtype: torch.dtype = torch.float32,
        kernels: bool | str = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.autocast_dtype = autocast_dtype
        self.kernels = kernels

    @property
    def _default_callbacks(self) -> list[tuple[str, Callback]]:
        """Those of skorch, without its table unless `verbose`.

        It prints if its sink is anything but `print`, and engines such as Ray replace `print`.
        """
        callbacks = super()._default_callbacks
        if not self.verbose:
            dict(callbacks)["print_log"].sink = noop
        return callbacks

    def take_random_state(self) -> None:
        """Draw from a separate generator from now on, which continues from torch's state."""
        self._random = torch.Generator()
        self._random.set_state(torch.get_rng_state())

    def drop_random_state(self) -> None:
        """Drop that generator, which is not part of what was learned."""
        self.__dict__.pop("_random", None)

    def get_split_datasets(
        self, X: tuple[SequenceDataset, SequenceDataset | None], y: None = None, **fit_params: Any
    ) -> tuple[SequenceDataset, SequenceDataset | None]:
        """Return the two sets, already split."""
        return X

    def infer(self, x: TokenBatch, **fit_params: Any) -> Outputs:
        """Run the module on a batch, its parts in parallel."""
        return self._infer(self.module_, x, **fit_params)

    def _infer(self, function: Callable, x: TokenBatch, **fit_params: Any) -> Outputs:
        if len(x.parts) == 1 and torch.is_grad_enabled():  # in training
            with self._autocast():
                return join_parts([function(moved(x.parts[0], self.device), **fit_params)])
        grad_enabled = torch.is_grad_enabled()

        def infer_part(ids):
            with torch.set_grad_enabled(grad_enabled), self._autocast():
                return function(moved(ids, self.device), **fit_params)

        return join_parts(side_by_side(infer_part, x.parts))

    def _autocast(self) -> AbstractContextManager:
        device_type = torch.device(self.device).type
        if self.autocast_dtype == torch.float32 and not torch.is_autocast_enabled(device_type):
            return nullcontext()
        return torch.autocast(
            device_type,
            self.autocast_dtype,
            enabled=self.autocast_dtype != torch.float32,
            # The cache belongs to the process, and threads would empty it for each other.
            cache_enabled=False,
        )

    def train_step_single(
        self, batch: tuple[TokenBatch, tuple[Tensor, Tensor]], **fit_params: Any
    ) -> dict:
        """Compute the gradient of a batch: those of its parts in parallel, then their sum.

        Neither order nor random numbers depend on which part is done first, so the sum is the
        same, to the bit, on any number of threads.
        """
        self._set_training(True)
        x, (targets, weights) = batch
        sizes = x.part_sizes
        parameters = [p for _, p in self.get_all_learnable_params() if p.requires_grad]
        seeds = torch.randint(2**63 - 1, (len(sizes),), generator=self._random).tolist()

        def step_part(ids, rows, targets, weights, seed):
            part = TokenBatch(rows, [ids])
            with torch.enable_grad(), dropout_generator(self._generator(seed, x.n_shards)):
                with collect_penalties() as penalties:
                    y_pred = self.infer(part, **fit_params)
                loss = self.get_loss(y_pred, (targets, weights), X=part, training=True)
                for penalty in penalties:
                    loss = loss + (penalty * weights.to(penalty.device)).mean()
                if len(weights) < len(x):
                    loss = loss * (len(weights) / len(x))  # the share of the part in the mean
                grads = torch.autograd.grad(loss, parameters, allow_unused=True)
            outputs = y_pred if isinstance(y_pred, tuple) else (y_pred,)
            return own_grads(grads, parameters), [each.detach() for each in (loss, *outputs)]

        rows = np.split(x.rows, np.cumsum(sizes)[:-1])
        by_part = x.parts, rows, targets.split(x.target_sizes), weights.split(sizes), seeds
        told = step_parts(parameters, x.n_shards, step_part, *by_part)
        losses = [loss for loss, *_ in told]
        outputs = [tuple(several) if len(several) > 1 else several[0] for _, *several in told]
        return {"loss": sum(losses), "y_pred": join_parts(outputs)}

    def _generator(self, seed: int, n_shards: int) -> torch.Generator | None:
        """Return a generator for a part of a batch; a GPU computes no parts in parallel.

        With several shards, several processes may compute them, however.
        """
        if torch.device(self.device).type != "cpu" and n_shards == 1:
            return None
        return torch.Generator(self.device).manual_seed(seed)

    def get_loss(
        self,
        y_pred: Outputs,
        y_true: tuple[Tensor, Tensor],
        X: TokenBatch | None = None,
        training: bool = False,
    ) -> Tensor:
        """Return the weighted mean loss of a batch, averaged over several outputs."""
        if self.kernels and (loss := self._loss_by_kernel(y_pred, *y_true)) is not None:
            return loss
        outputs = torch.cat(y_pred) if isinstance(y_pred, tuple) else y_pred
        targets, weights = (moved(part, outputs.device) for part in y_true)
        if isinstance(y_pred, tuple):  # the documents once more for each of them
            targets, weights = (torch.cat([part] * len(y_pred)) for part in (targets, weights))
        return (self.criterion_(outputs, targets) * weights).mean()

    def _loss_by_kernel(self, y_pred: Outputs, targets: Tensor, weights: Tensor) -> Tensor | None:
        """Return the loss, None if there is no kernel for it."""
        criterion = self.criterion_
        outputs = y_pred if isinstance(y_pred, tuple) else (y_pred,)
        if (
            type(criterion) is not nn.CrossEntropyLoss
            or criterion.reduction != "none"
            or criterion.weight is not None
            or criterion.ignore_index >= 0
            or targets.dtype != torch.int64
            or not can_update(self.kernels, *outputs, weights)
        ):
            return None
        return cross_entropy(outputs, targets, weights, criterion.label_smoothing)

    def fit_loop(self, *args: Any, **kwargs: Any) -> SequenceNet:
        """Train, and remember whether the user interrupted it.

        skorch's early stopping also ends training by a KeyboardInterrupt; that callback's count
        of misses shows which one it was.
        """
        try:
            super().fit_loop(*args, **kwargs)
        except KeyboardInterrupt:
            self.interrupted_ = not any(
                isinstance(callback, EarlyStopping) and callback.misses_ >= callback.patience
                for _, callback in self.callbacks_
            )
            raise
        self.interrupted_ = False
        return self

    def partial_fit(self, *args: Any, **kwargs: Any) -> SequenceNet:
        """Train, marked as interrupted until the loop has ended: skorch swallows interrupts."""
        self.interrupted_ = True
        return super().partial_fit(*args, **kwargs)

    def __reduce_ex__(self, protocol):
        """Return what pickle, joblib and copy keep: everything, as skorch does."""
        state = super().__getstate__()
        # skorch pickles `module_` apart from the rest, and `module` is the same one once more.
        if self.module is getattr(self, "module_", None):
            del state["module"]
        new = copyreg.__newobj__  # type: ignore[attr-defined]  # typeshed does not know it
        return new, (type(self),), PickledState(state)

    def __getstate__(self):
        """Return what skops keeps, which uses only this method: plain data."""
        return {"safetensors": net_to_bytes(self)}

    def __setstate__(self, state):
        # In the state of skorch is a pickle. A file of plain data must never get it opened, and so
        # only who may build a PickledState, as pickle may, comes here with one.
        if isinstance(state, PickledState):
            super().__setstate__(state.state)
            self.__dict__.setdefault("module", self.__dict__.get("module_"))
        else:
            self.__dict__.update(vars(net_from_bytes(type(self), state["safetensors"])))

    def with_own_modules(self) -> SequenceNet:
        """Return a net of the same weights with its own modules, to attach hooks to."""
        net = object.__new__(type(self))
        shared = {id(t): t for t in (*self.module_.parameters(), *self.module_.buffers())}
        net.__dict__.update(vars(self))
        net.__dict__["module"] = net.__dict__["module_"] = deepcopy(self.module_, shared)
        return net

    def outputs(self, dataset: SequenceDataset, function: Callable | None = None) -> np.ndarray:
        """Return the module's outputs in the order of the data set.

        Parameters
        ----------
        dataset : SequenceDataset
            The documents.
        function : callable, default=None
            What to apply to packed documents, a method of the module. None means the module.

        Returns
        -------
        outputs : ndarray of float32 of shape (n_documents, n_outputs)
        """
        function = self.module_ if function is None else function
        if may_use_kernel(self, dataset):
            outputs = predict_by_kernel(function, dataset)
            if outputs is not None:
                return outputs
        self._set_training(False)

        def infer_batch(rows):
            with torch.inference_mode():
                batch, _ = dataset.batch(rows)
                # Only in training does a module return several outputs.
                return cast("Tensor", self._infer(function, batch)).cpu().numpy()

        plan = self.get_iterator(dataset, training=False).plan()
        parts = side_by_side(infer_batch, plan)
        outputs = np.empty((len(dataset), *parts[0].shape[1:]), parts[0].dtype)
        outputs[np.concatenate(plan)] = np.concatenate(parts)
        return outputs


def may_use_kernel(net: SequenceNet, dataset: SequenceDataset) -> bool:
    """Return whether a prediction only calls the module, in float32 on the CPU."""
    return (
        type(dataset) is SequenceDataset
        and net.iterator_valid is SimilarLengthBatches
        and net.autocast_dtype == torch.float32
        and torch.device(net.device).type == "cpu"
    )


def own_grads(grads: Sequence[Tensor | None], parameters: Sequence[Tensor]) -> list[Tensor | None]:
    """Return gradients that can be added to, the rows of sparse ones already summed."""
    owned: list[Tensor | None] = []
    seen = set()
    for grad, parameter in zip(grads, parameters, strict=True):
        if grad is None:
            pass
        elif grad.is_sparse:
            grad = grad.coalesce()
        # Autograd gives parameters that are added up, such as two biases, one tensor between them.
        # And torch's fused optimizers take numbers in the order in which they lie in memory.
        elif (place := grad.data_ptr()) in seen or grad.stride() != parameter.stride():
            grad = torch.empty_like(parameter).copy_(grad)
        else:
            seen.add(place)
        owned.append(grad)
    return owned


def join_parts(outputs: Sequence[Any]) -> Outputs:
    """Return the outputs for the parts of a batch as those of the whole batch, in float32."""
    if len(outputs) == 1:
        (part,) = outputs
        return tuple(map(Tensor.float, part)) if isinstance(part, tuple) else part.float()
    if isinstance(outputs[0], tuple):
        return tuple(torch.cat(columns).float() for columns in zip(*outputs, strict=True))
    return torch.cat(list(outputs)).float()
