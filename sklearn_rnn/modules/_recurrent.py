"""From cells to a stack: directions and layers over packed tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

import torch
from torch import Tensor, nn

from . import kernels as own_kernels
from ._blocks import TimeBlocks
from ._carried_state import as_constant, check_reads_forwards, last_states, states_by_layer
from ._dropout import Dropout, LockedDropout
from ._layout import PackedLayout
from ._unique_rows import UniqueRows, dense
from ._weight_dropout import has_recurrent_weights, with_dropped_weights
from .cells._base import Cell, State

M = TypeVar("M", covariant=True)


class ModulesOf(Protocol[M]):
    """A `torch.nn.ModuleList` whose modules are of one class."""

    def __getitem__(self, index: int) -> M: ...

    def __iter__(self) -> Iterator[M]: ...

    def __len__(self) -> int: ...


class RecurrentLayer(nn.Module):
    """One cell that reads a packed batch in one direction.

    The cell runs over dense blocks of time, see `TimeBlocks`, so that torch's fused
    kernels can be used on documents of differing lengths. Backwards, each document is
    reversed within its own length, read forwards, and reversed again.

    Parameters
    ----------
    cell : RecurrentCell
        The cell, whose `forward` takes a block of time.
    reverse : bool, default=False
        Whether to read each document from its end.
    recurrent_dropout : float, default=0.0
        Fraction of the state-to-state weights that are zeroed for a whole call in
        training (DropConnect as in the AWD-LSTM of Merity, Keskar and Socher, 2018).
    kernels : bool or "auto", default=False
        Whether to use the package's kernels on the CPU, if the cell has one.
        "auto" does so if they were installed with the package; True also if
        `modules.kernels.load_kernels` has compiled them in this process.
    """

    cell: Cell

    def __init__(
        self,
        cell: Cell,
        *,
        reverse: bool = False,
        recurrent_dropout: float = 0.0,
        kernels: bool | str = False,
    ) -> None:
        super().__init__()
        self.cell = cell
        self.reverse = reverse
        self.kernels = kernels
        self.recurrent_dropout = Dropout(recurrent_dropout)
        if recurrent_dropout and not has_recurrent_weights(cell):
            raise ValueError(
                "recurrent_dropout zeroes weights from state to state, the parameter weight_hh of "
                f"a cell. {type(cell).__name__} has none."
            )

    def forward(
        self, x: Tensor | UniqueRows, layout: PackedLayout, state: State | None = None
    ) -> Tensor:
        """Return the hidden state at every token.

        Parameters
        ----------
        x : torch.Tensor or UniqueRows of shape (n_tokens, input_size)
            The inputs in packed order.
        layout : PackedLayout
            Where each token lies.
        state : tuple of torch.Tensor of shape (n_documents, ...), default=None
            The state to begin with, see `read`. None is that before a document.

        Returns
        -------
        states : torch.Tensor of shape (n_tokens, hidden_size)
            In packed order.
        """
        state = self._given(state, layout)
        cell = self._dropped_cell()
        if own_kernels.can_read(cell, x, self.kernels):
            return own_kernels.read(cell, x, layout, reverse=self.reverse, state=state)
        blocks = TimeBlocks(layout, reverse=self.reverse)
        outputs, _ = self._read_blocks(cell, dense(x), blocks, state)
        return outputs

    def read(
        self, x: Tensor | UniqueRows, layout: PackedLayout, state: State | None = None
    ) -> tuple[Tensor, State]:
        """Return the hidden state at every token, and the state to continue from.

        A long text can be read piece by piece, each piece with the state that the one before it
        returned. The states are constants: gradients end where a piece begins.

        Parameters
        ----------
        x : torch.Tensor or UniqueRows of shape (n_tokens, input_size)
            The inputs in packed order.
        layout : PackedLayout
            Where each token lies.
        state : tuple of torch.Tensor of shape (n_documents, ...), default=None
            What the previous call returned, a row for each document in packed order. None is the
            state before a document.

        Returns
        -------
        states : torch.Tensor of shape (n_tokens, hidden_size)
            In packed order.
        state : tuple of torch.Tensor of shape (n_documents, ...)
            The state of the cell after the last token of each document, the hidden state first.

        Raises
        ------
        ValueError
            If the layer reads backwards, or if the state is of other documents.
        """
        check_reads_forwards(self.reverse)
        state = self._given(state, layout)
        cell = self._dropped_cell()
        if own_kernels.can_read(cell, x, self.kernels):
            return own_kernels.read_on(cell, x, layout, state)
        # The state after padding is of no use, so documents end where blocks do.
        blocks = TimeBlocks(layout, max_padding=0)
        outputs, states = self._read_blocks(cell, dense(x), blocks, state)
        return outputs, last_states(states, blocks.shapes)

    def _given(self, state: State | None, layout: PackedLayout) -> State | None:
        """Return a given state as a constant; refuse one if the layer reads backwards."""
        if state is None:
            return None
        check_reads_forwards(self.reverse)
        return as_constant(state, layout)

    def _read_blocks(
        self, cell: Cell, x: Tensor, blocks: TimeBlocks, state: State | None
    ) -> tuple[Tensor, list[State]]:
        """Return the hidden state at every token, and the state after each block."""
        outputs, states = [], []
        for block in blocks.split(x):  # (n_steps, n_documents, input_size)
            if state is None:
                state = self.cell.initial_state(block)
            state = tuple(s[: block.shape[1]].contiguous() for s in state)
            output, state = cell(block, state)
            outputs.append(output)
            states.append(state)
        return blocks.join(outputs), states

    def _dropped_cell(self) -> Cell:
        """Return the cell, with recurrent weights dropped once for the whole call."""
        if not (self.training and self.recurrent_dropout.p):
            return self.cell
        return with_dropped_weights(self.cell, self.recurrent_dropout)


class RecurrentStack(nn.Module):
    """Layers of cells that read in one or both directions.

    Parameters
    ----------
    make_cell : callable
        ``make_cell(input_size, hidden_size)`` returns a new cell.
    input_size : int
        Number of features of a token.
    hidden_size : int
        Units of each cell.
    num_layers : int, default=1
        Number of layers; each reads the states of the one below.
    bidirectional : bool, default=False
        Whether each layer also reads from the end. Its output then has
        ``2 * hidden_size`` features, the forward ones first.
    dropout : float, default=0.0
        Dropout between the layers.
    recurrent_dropout : float, default=0.0
        Dropout of the state-to-state weights, see `RecurrentLayer`.
    kernels : bool or "auto", default=False
        Whether to use the package's kernels, see `RecurrentLayer`.
    locked_dropout : bool, default=False
        Whether `dropout` zeroes the same features at all tokens of a document.
    residual : bool, default=False
        Whether each layer above the first adds its states to those it reads (He et al., 2016), as
        in the stacks of Wu et al. (2016). It then learns what the layer below has missed, and its
        gradient also reaches that layer directly.

    References
    ----------
    He, K. et al., "Deep residual learning for image recognition", CVPR (2016).

    Wu, Y. et al., "Google's neural machine translation system: bridging the gap between human and
    machine translation", arXiv:1609.08144 (2016).

    Examples
    --------
    >>> import torch
    >>> from sklearn_rnn.modules import LSTMCell, PackedLayout, RecurrentStack
    >>> stack = RecurrentStack(LSTMCell, 3, 4, num_layers=2, bidirectional=True)
    >>> layout = PackedLayout(torch.tensor([2, 2, 1]))  # lengths 3 and 2
    >>> stack(torch.randn(5, 3), layout).shape
    torch.Size([5, 8])
    """

    layers: ModulesOf[ModulesOf[RecurrentLayer]]
    dropout: Dropout | LockedDropout

    def __init__(
        self,
        make_cell: Callable[[int, int], Cell],
        input_size: int,
        hidden_size: int,
        *,
        num_layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        kernels: bool | str = False,
        locked_dropout: bool = False,
        residual: bool = False,
    ) -> None:
        super().__init__()
        self.residual = residual
        directions = (False, True) if bidirectional else (False,)
        self.output_size = hidden_size * len(directions)
        self.layers = nn.ModuleList(  # type: ignore[assignment]  # its items are typed as Module
            nn.ModuleList(
                RecurrentLayer(
                    make_cell(input_size if depth == 0 else self.output_size, hidden_size),
                    reverse=reverse,
                    recurrent_dropout=recurrent_dropout,
                    kernels=kernels,
                )
                for reverse in directions
            )
            for depth in range(num_layers)
        )
        self.dropout = LockedDropout(dropout) if locked_dropout else Dropout(dropout)

    def forward(
        self,
        x: Tensor | UniqueRows,
        layout: PackedLayout,
        state: Sequence[State] | None = None,
    ) -> Tensor:
        """Return the top layer's state at every token.

        Parameters
        ----------
        x : torch.Tensor or UniqueRows of shape (n_tokens, input_size)
            The inputs in packed order.
        layout : PackedLayout
            Where each token lies.
        state : list of tuple of torch.Tensor, default=None
            The state that each layer begins with, see `read`. None is that before a document.

        Returns
        -------
        states : torch.Tensor of shape (n_tokens, output_size)
        """
        by_layer = states_by_layer(state, len(self.layers))
        for depth, (directions, before) in enumerate(zip(self.layers, by_layer, strict=True)):
            read = self._dropped(x, layout) if depth else x
            both = [layer(read, layout, before) for layer in directions]
            states = torch.cat(both, dim=1) if len(both) > 1 else both[0]
            x = self._above(states, x, depth)
        return dense(x)

    def read(
        self,
        x: Tensor | UniqueRows,
        layout: PackedLayout,
        state: Sequence[State] | None = None,
    ) -> tuple[Tensor, list[State]]:
        """Return the top layer's state at every token, and the state to continue from.

        See `RecurrentLayer.read`. In training, dropout between the layers is redrawn in each
        call.

        Parameters
        ----------
        x : torch.Tensor or UniqueRows of shape (n_tokens, input_size)
            The inputs in packed order.
        layout : PackedLayout
            Where each token lies.
        state : list of tuple of torch.Tensor, default=None
            What the previous call returned. None is the state before a document.

        Returns
        -------
        states : torch.Tensor of shape (n_tokens, output_size)
        state : list of tuple of torch.Tensor of shape (n_documents, ...)
            For each layer, the state of its cell after the last token of each document.

        Raises
        ------
        ValueError
            If the stack is bidirectional, or if the state is of other layers or documents.

        Examples
        --------
        >>> import torch
        >>> from sklearn_rnn.modules import LSTMCell, PackedLayout, RecurrentStack
        >>> stack, x = RecurrentStack(LSTMCell, 3, 4), torch.randn(10, 3)
        >>> whole = stack(x, PackedLayout(torch.ones(10, dtype=torch.int64)))
        >>> layout = PackedLayout(torch.ones(5, dtype=torch.int64))
        >>> first, state = stack.read(x[:5], layout)
        >>> second, state = stack.read(x[5:], layout, state)
        >>> torch.allclose(torch.cat([first, second]), whole)
        True
        """
        check_reads_forwards(len(self.layers[0]) > 1)
        states, after = states_by_layer(state, len(self.layers)), []
        for depth, ((layer,), before) in enumerate(zip(self.layers, states, strict=True)):
            read = self._dropped(x, layout) if depth else x
            output, last = layer.read(read, layout, before)
            x = self._above(output, x, depth)
            after.append(last)
        return dense(x), after

    def _above(self, states: Tensor, below: Tensor | UniqueRows, depth: int) -> Tensor:
        """Return what the next layer reads, from the states of a layer and what it read."""
        return states + dense(below) if self.residual and depth else states

    def _dropped(self, x: Tensor | UniqueRows, layout: PackedLayout) -> Tensor:
        x = dense(x)
        locked = isinstance(self.dropout, LockedDropout)
        return self.dropout(x, layout) if locked else self.dropout(x)
