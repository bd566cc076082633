"""Networks that grow while they learn: rows for new words, and how to undo it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor, nn

from sklearn_rnn._text.ngrams import NGrams
from sklearn_rnn._training.optimizers import LazyAdamW
from sklearn_rnn._training.start_embedding import StartVectors
from sklearn_rnn.modules import NGramLinear, TokenEmbedding
from sklearn_rnn.modules._decoders import Decoder

# A table that must move to grow gets so much more room than it needs, so that the time of all
# moves together is linear in its final size.
SPARE_ROOM = 1.25


class RoomToGrow:
    """Lengthen tensors, with spare room after their last rows.

    Examples
    --------
    >>> import torch
    >>> from sklearn_rnn._training.growth import RoomToGrow
    >>> room = RoomToGrow()
    >>> table = room.lengthen("table", torch.ones(100, 2), 110)
    >>> longer = room.lengthen("table", table, 120)
    >>> len(longer), longer.data_ptr() == table.data_ptr()  # it has not moved
    (120, True)
    """

    def __init__(self) -> None:
        self.buffers: dict[str, Tensor] = {}

    def lengthen(self, name: str, tensor: Tensor, n_rows: int) -> Tensor:
        """Return a longer tensor: the rows of `tensor`, followed by zeros.

        Parameters
        ----------
        name : str
            A name for the tensor, the same in each call.
        tensor : torch.Tensor of shape (n_rows_before, ...)
            The rows. If there is room after them, they are not copied.
        n_rows : int
            The new number of rows.
        """
        buffer = self.buffers.get(name)
        if buffer is None or buffer.data_ptr() != tensor.data_ptr() or len(buffer) < n_rows:
            buffer = tensor.new_zeros((int(n_rows * SPARE_ROOM), *tensor.shape[1:]))
            buffer[: len(tensor)] = tensor
            self.buffers[name] = buffer
        buffer[len(tensor) : n_rows] = 0
        return buffer[:n_rows]

    def __getstate__(self):
        # A copy starts without spare room: its tensors lie elsewhere.
        return {"buffers": {}}


def count_known_ids(module: nn.Module) -> int | None:
    """Return how many token ids a network has vectors for, None if it has no table of ours."""
    tables = [part.table for part in module.modules() if isinstance(part, TokenEmbedding)]
    return min((len(table.weight) for table in tables), default=None)


def find_embedding(module: nn.Module) -> TokenEmbedding | None:
    """Return the embedding of a network, None if it has none of ours."""
    return next((part for part in module.modules() if isinstance(part, TokenEmbedding)), None)


def freeze_embeddings(module: nn.Module, frozen: bool) -> None:
    """Freeze the tables of embeddings, or let them learn again."""
    for part in module.modules():
        if isinstance(part, TokenEmbedding):
            part.freeze(frozen)


def check_known_ids(X: csr_array, module: nn.Module) -> None:
    """Refuse token ids that a network to be trained further has no vectors for."""
    known = count_known_ids(module)
    if known is not None and X.data.max(initial=0) >= known:
        raise ValueError(
            f"With warm_start=True, X must hold the vocabulary of the previous fit: token ids up "
            f"to {known - 1}. Got {X.data.max()}. partial_fit takes new tokens in."
        )


def find_ngrams(module: nn.Module) -> NGrams | None:
    """Return the words and pairs that a network's wide path knows, None without one."""
    for part in module.modules():
        if isinstance(part, NGramLinear):
            idf, pairs = part.idf.cpu().numpy(), part.pairs.cpu().numpy()
            return NGrams(idf[: part.n_ids], pairs, idf[part.n_ids :])
    return None


def grow_embeddings(
    module: nn.Module,
    optimizer: torch.optim.Optimizer,
    n_ids: int,
    room: RoomToGrow,
    start: StartVectors | None = None,
) -> None:
    """Add rows for new ids to the tables of embeddings, initialised as the first ones were."""
    for name, part in module.named_modules():
        if not isinstance(part, TokenEmbedding) or len(part.table.weight) >= n_ids:
            continue
        n_known = len(part.table.weight)
        grow_table(part, name, optimizer, n_ids, room)
        part.reset_rows(n_known)
        if start is not None:
            start.fill(part, n_known)


def grow_table(
    part: Any, name: str, optimizer: torch.optim.Optimizer, n_rows: int, room: RoomToGrow
) -> None:
    """Give the table of a part of a network more rows, of zeros.

    Parameters
    ----------
    part : torch.nn.Module
        Its `table` is a :class:`torch.nn.Embedding`.
    name : str
        Its name in the network.
    optimizer : torch.optim.Optimizer
        What trains it.
    n_rows : int
        Number of rows. If the table already has as many, nothing happens.
    room : RoomToGrow
        Where there may be room after the rows.
    """
    weight = part.table.weight
    if len(weight) >= n_rows:
        return

    def lengthen(value: Tensor, key: str) -> Tensor:
        return room.lengthen(f"{name}.{key}", value, n_rows)

    _change_state(optimizer, weight, lengthen)
    _set_weight(part.table, optimizer, room.lengthen(f"{name}.weight", weight.data, n_rows))
    part.table.num_embeddings = n_rows


def grow_decoders(
    module: nn.Module, optimizer: torch.optim.Optimizer, n_ids: int, room: RoomToGrow
) -> None:
    """Let language models predict new ids, at first as likely as the unknown token."""
    for name, part in module.named_modules():
        if not isinstance(part, Decoder) or part.n_ids >= n_ids:
            continue
        n_known = part.n_ids
        for path, n_rows in part.rows_to_grow(n_ids).items():
            key = f"{name}.{path}"
            owner, _, own = path.rpartition(".")

            def lengthen(value: Tensor, of: str, key: str = key, n_rows: int = n_rows) -> Tensor:
                return room.lengthen(f"{key}.{of}", value, n_rows)

            weight = part.get_parameter(path)
            _change_state(optimizer, weight, lengthen)
            longer = room.lengthen(f"{key}.weight", weight.data, n_rows)
            _set_weight(part.get_submodule(owner), optimizer, longer, own)
        part.reset_rows(n_known)


def grow_wide_path(module: nn.Module, optimizer: torch.optim.Optimizer, ngrams: NGrams) -> None:
    """Change the words and pairs of the wide path; those that it knew keep their weights."""
    for part in module.modules():
        if not isinstance(part, NGramLinear):
            continue
        weight = part.table.weight
        pairs = torch.from_numpy(ngrams.pairs).to(weight.device)
        idf = torch.from_numpy(np.concatenate([ngrams.word_idf, ngrams.pair_idf]))
        origins = part.origins(len(ngrams.word_idf), pairs)
        is_kept = origins >= 0

        def move(value, key=None, origins=origins, is_kept=is_kept):
            moved = value.new_zeros((len(origins), *value.shape[1:]))
            moved[is_kept] = value[origins[is_kept]]
            return moved

        _change_state(optimizer, weight, move)
        _set_weight(part.table, optimizer, move(weight.data))
        part.table.num_embeddings = len(part.table.weight)
        part.pairs, part.idf = pairs, idf.to(weight.device)
        part.n_ids = len(ngrams.word_idf)


def _change_state(
    optimizer: torch.optim.Optimizer, parameter: Tensor, change: Callable[[Tensor, str], Tensor]
) -> None:
    """Change what an optimizer keeps for each row of a parameter."""
    state = optimizer.state.get(parameter, {})
    for key, value in state.items():
        if isinstance(value, Tensor) and value.shape == parameter.shape:
            state[key] = change(value, key)


def _set_weight(
    part: nn.Module, optimizer: torch.optim.Optimizer, values: Tensor, name: str = "weight"
) -> None:
    """Give a table, or another parameter by its name, another number of rows.

    Replaces the Parameter instead of resizing it: an old loss, which a traceback or a callback may
    hold, still expects the old shape.
    """
    old = part.get_parameter(name)
    new = nn.Parameter(values, requires_grad=old.requires_grad)
    # At each step of this there is a state for the weight of the table, to be put back.
    if old in optimizer.state:
        optimizer.state[new] = optimizer.state[old]
    for group in optimizer.param_groups:
        group["params"] = [new if parameter is old else parameter for parameter in group["params"]]
    setattr(part, name, new)
    optimizer.state.pop(old, None)


class TrainingState:
    """What a chunk of training may change in a net, to be restored if it fails.

    If the optimizer changes only the rows of a batch, only the rows of the chunk are copied.

    Parameters
    ----------
    net : SequenceNet
        The net, ready for training.
    rows : ndarray of int of shape (n_rows,)
        The token ids of the chunk, each once.
    """

    def __init__(self, net: Any, rows: np.ndarray) -> None:
        self.net = net
        module, optimizer = net.module_, net.optimizer_
        by_row = {
            part.table
            for part in module.modules()
            if isinstance(part, TokenEmbedding)
            and part.table.sparse
            and isinstance(optimizer, LazyAdamW)
        }
        self.attributes = vars(net).copy()
        self.parts = [
            (part, vars(part).copy(), {k: v.clone() for k, v in part.named_buffers(recurse=False)})
            for part in module.modules()
        ]
        self.parameters = [
            (part, name, *self._save(parameter, rows if part in by_row else None))
            for part in module.modules()
            for name, parameter in part.named_parameters(recurse=False)
        ]
        places = {getattr(part, name): i for i, (part, name, *_) in enumerate(self.parameters)}
        self.groups = [
            {**group, "params": [places.get(parameter, parameter) for parameter in group["params"]]}
            for group in optimizer.param_groups
        ]
        self.batch_order = net.iterator_train__random_state.get_state()
        self.n_epochs = len(net.history)

    def _save(self, parameter: Tensor, rows: np.ndarray | None) -> tuple[_Saved, dict]:
        kept = None
        if rows is not None:
            kept = torch.from_numpy(rows[rows < len(parameter)]).to(parameter.device)
        state = {
            key: _Saved(value, kept if value.shape == parameter.shape else None)
            if isinstance(value, Tensor)
            else value
            for key, value in self.net.optimizer_.state.get(parameter, {}).items()
        }
        return _Saved(parameter.data, kept), state

    def restore(self, *, in_child: bool = False) -> None:
        """Restore everything; if an interrupt stops it, call it again.

        Parameters
        ----------
        in_child : bool, default=False
            Whether in a forked process, while another thread was training. The parameters are
            replaced there, since autograd may hold the locks of the old ones.
        """
        net, optimizer = self.net, self.net.optimizer_
        if in_child and torch.device(net.device).type != "cpu":
            return  # no forked process can use a GPU
        restored: list[nn.Parameter] = []
        same: dict[nn.Parameter, nn.Parameter] = {}  # modules may share parameters
        states: defaultdict[Tensor, dict] = defaultdict(dict)
        for part, name, saved, state in self.parameters:
            now = part._parameters[name]
            if now not in same:
                same[now] = self._restored(now, saved.restore(now.data), replace=in_child)
            restored.append(same[now])
            before = optimizer.state.get(now, {})
            if state:
                states[same[now]] = {
                    key: value.restore(before[key]) if isinstance(value, _Saved) else value
                    for key, value in state.items()
                }
        for (part, name, *_), parameter in zip(self.parameters, restored, strict=True):
            part._parameters[name] = parameter
        optimizer.state = states
        for part, attributes, buffers in self.parts:
            vars(part).update(attributes)
            part._buffers.update(buffers)
        for group, before in zip(optimizer.param_groups, self.groups, strict=True):
            params = [restored[p] if isinstance(p, int) else p for p in before["params"]]
            group.update({**before, "params": params})
        vars(net).update(self.attributes)
        for name in vars(net).keys() - self.attributes.keys():
            delattr(net, name)
        # Another one, as the old one has a lock too.
        net.iterator_train__random_state = np.random.RandomState(0)
        net.iterator_train__random_state.set_state(self.batch_order)
        del net.history[self.n_epochs :]

    def _restored(self, parameter: nn.Parameter, values: Tensor, *, replace: bool) -> nn.Parameter:
        """Return a parameter with its earlier values: the same one, if it has not grown."""
        if replace or values.shape != parameter.shape:
            return nn.Parameter(values, requires_grad=parameter.requires_grad)
        parameter.data, parameter.grad = values, None
        return parameter


class _Saved:
    """A copy of a tensor, or of some of its rows."""

    def __init__(self, tensor: Tensor, rows: Tensor | None) -> None:
        self.n_rows = len(tensor) if rows is not None else None
        self.rows = rows
        self.values = tensor.clone() if rows is None else tensor[rows]

    def restore(self, tensor: Tensor) -> Tensor:
        if self.rows is None:
            return self.values
        tensor = tensor[: self.n_rows]  # without those that have grown
        tensor[self.rows] = self.values
        return tensor
