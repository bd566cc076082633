"""Grid LSTM: layers that pass a memory upwards, as an LSTM passes one on in time."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ._carried_state import check_reads_forwards, states_by_layer
from ._dropout import Dropout
from ._layout import PackedLayout
from ._recurrent import ModulesOf, RecurrentLayer
from .cells import GridLSTMCell
from .cells._base import State
from .cells._grid_lstm import lstm_transform


class GridLSTM(nn.Module):
    """Grid LSTM over depth and time, in place of a stack of layers.

    Between the layers of a stack, as between the steps of a plain recurrent network, each number is
    computed anew. Here a memory is also passed on from layer to layer, through gates, as it is from
    step to step, so that gradients reach the lowest of many layers.

    A linear projection of the input enters at the bottom as hidden vector and memory; the hidden
    vector of the top layer is the output. In both directions there are two grids side by side.

    Parameters
    ----------
    input_size : int
        Number of features of a token.
    hidden_size : int
        Units of each hidden vector and memory.
    num_layers : int, default=1
        Number of blocks along the depth.
    bidirectional : bool, default=False
        Whether a second grid reads from the end. The output then has ``2 * hidden_size`` features,
        the forward ones first.
    priority : {"depth", "time"}, default="depth"
        Which dimension of a block is computed last, see `GridLSTMCell`. None means neither.
    tied : bool, default=False
        Whether all layers have the same weights.
    dropout : float, default=0.0
        Dropout of the hidden vectors between the layers. The memories are not dropped.
    recurrent_dropout : float, default=0.0
        Dropout of the weights from the hidden vector of time, see `RecurrentLayer`.

    References
    ----------
    N. Kalchbrenner, I. Danihelka and A. Graves, "Grid long short-term memory", ICLR (2016),
    https://arxiv.org/abs/1507.01526.

    Examples
    --------
    >>> import torch
    >>> from sklearn_rnn.modules import GridLSTM, PackedLayout
    >>> grid = GridLSTM(3, 4, num_layers=2, bidirectional=True)
    >>> layout = PackedLayout(torch.tensor([2, 2, 1]))  # lengths 3 and 2
    >>> grid(torch.randn(5, 3), layout).shape
    torch.Size([5, 8])
    """

    projections: ModulesOf[nn.Linear]
    layers: ModulesOf[ModulesOf[RecurrentLayer]]

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        num_layers: int = 1,
        bidirectional: bool = False,
        priority: str | None = "depth",
        tied: bool = False,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        directions = (False, True) if bidirectional else (False,)
        self.num_layers = num_layers
        self.output_size = hidden_size * len(directions)
        self.projections = nn.ModuleList(  # type: ignore[assignment]  # items are typed as Module
            nn.Linear(input_size, 2 * hidden_size) for _ in directions
        )
        self.layers = nn.ModuleList(  # type: ignore[assignment]
            nn.ModuleList(
                RecurrentLayer(
                    GridLSTMCell(hidden_size, priority),
                    reverse=reverse,
                    recurrent_dropout=recurrent_dropout,
                )
                for reverse in directions
            )
            for _ in range(1 if tied else num_layers)
        )
        self.dropout = Dropout(dropout)

    def forward(
        self, x: Tensor, layout: PackedLayout, state: Sequence[State] | None = None
    ) -> Tensor:
        """Return the top layer's hidden vector at every token.

        Parameters
        ----------
        x : torch.Tensor of shape (n_tokens, input_size)
            The inputs in packed order.
        layout : PackedLayout
            Where each token lies.
        state : list of tuple of torch.Tensor, default=None
            The state that each layer begins with, see `read`. None is that before a document.

        Returns
        -------
        states : torch.Tensor of shape (n_tokens, output_size)
        """
        states = states_by_layer(state, self.num_layers)
        grids = [projection(x) for projection in self.projections]  # (n_tokens, 2 * hidden_size)
        for depth, before in enumerate(states):
            if depth:
                grids = [self._drop_hidden(grid) for grid in grids]
            layers = self.layers[depth % len(self.layers)]
            grids = [layer(grid, layout, before) for layer, grid in zip(layers, grids, strict=True)]
        return torch.cat([grid.chunk(2, dim=1)[0] for grid in grids], dim=1)

    def read(
        self, x: Tensor, layout: PackedLayout, state: Sequence[State] | None = None
    ) -> tuple[Tensor, list[State]]:
        """Return the top layer's hidden vector at every token, and the state to continue from.

        See `RecurrentStack.read`.

        Parameters
        ----------
        x : torch.Tensor of shape (n_tokens, input_size)
            The inputs in packed order.
        layout : PackedLayout
            Where each token lies.
        state : list of tuple of torch.Tensor, default=None
            What the previous call returned. None is the state before a document.

        Returns
        -------
        states : torch.Tensor of shape (n_tokens, output_size)
        state : list of tuple of two torch.Tensor of shape (n_documents, hidden_size)
            For each layer, hidden vector and memory after the last token of each document.

        Raises
        ------
        ValueError
            If the grid is bidirectional, or if the state is of other layers or documents.
        """
        check_reads_forwards(len(self.projections) > 1)
        states, after = states_by_layer(state, self.num_layers), []
        grid = self.projections[0](x)  # (n_tokens, 2 * hidden_size)
        for depth, before in enumerate(states):
            grid = self._drop_hidden(grid) if depth else grid
            (layer,) = self.layers[depth % len(self.layers)]
            grid, last = layer.read(grid, layout, before)
            after.append(last)
        return grid.chunk(2, dim=1)[0], after

    def _drop_hidden(self, grid: Tensor) -> Tensor:
        h, m = grid.chunk(2, dim=1)
        return torch.cat([self.dropout(h), m], dim=1)


class DepthLSTM(nn.Module):
    r"""Grid LSTM over depth only: a feed-forward network with gates and a memory.

    .. math:: (h', m') = \operatorname{LSTM}(W h + b, m)

    in each layer, from a linear projection of the input to the first :math:`h` and :math:`m`. It
    reads vectors, not sequences.

    Parameters
    ----------
    input_size : int
        Number of features of a vector.
    hidden_size : int
        Units of each hidden vector and memory.
    num_layers : int, default=1
        Number of blocks along the depth.
    tied : bool, default=False
        Whether all layers have the same weights.

    References
    ----------
    N. Kalchbrenner, I. Danihelka and A. Graves, "Grid long short-term memory", ICLR (2016),
    https://arxiv.org/abs/1507.01526, where it is called 1-LSTM.

    Examples
    --------
    >>> import torch
    >>> from sklearn_rnn.modules import DepthLSTM
    >>> DepthLSTM(3, 4, num_layers=5, tied=True)(torch.randn(2, 3)).shape
    torch.Size([2, 4])
    """

    layers: ModulesOf[nn.Linear]

    def __init__(
        self, input_size: int, hidden_size: int, *, num_layers: int = 1, tied: bool = False
    ) -> None:
        super().__init__()
        self.num_layers = num_layers
        self.output_size = hidden_size
        self.projection = nn.Linear(input_size, 2 * hidden_size)
        self.layers = nn.ModuleList(  # type: ignore[assignment]
            nn.Linear(hidden_size, 4 * hidden_size) for _ in range(1 if tied else num_layers)
        )
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights: Glorot for the projection, orthogonal gates, open forget gates."""
        nn.init.xavier_uniform_(self.projection.weight)
        nn.init.zeros_(self.projection.bias)
        for layer in self.layers:
            for gate in layer.weight.chunk(4):
                nn.init.orthogonal_(gate)
            nn.init.zeros_(layer.bias)
            with torch.no_grad():
                nn.init.ones_(layer.bias.chunk(4)[1])

    def forward(self, x: Tensor) -> Tensor:
        """Return the hidden vectors of the top layer.

        Parameters
        ----------
        x : torch.Tensor of shape (n_samples, input_size)
            The vectors.

        Returns
        -------
        h : torch.Tensor of shape (n_samples, hidden_size)
        """
        h, m = self.projection(x).chunk(2, dim=1)
        for depth in range(self.num_layers):
            layer = self.layers[depth % len(self.layers)]
            h, m = lstm_transform(F.linear(h, layer.weight, layer.bias), m)
        return h
