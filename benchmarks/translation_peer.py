"""A translator as a tutorial writes it: two torch.nn.LSTM with attention, in a plain loop."""

from time import process_time

import numpy as np
import torch
from sklearn.base import clone
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

from benchmarks._budget import Budget
from sklearn_rnn._translation.write import TargetWriter

EDGE = 0  # the id in front of a target and behind it; the id of padding in sources
UNKNOWN = 1
IGNORED = -100  # the target that torch's cross-entropy passes over


class Seq2Seq(nn.Module):
    """Bidirectional encoder, decoder with Luong's attention, over padded batches."""

    def __init__(self, n_source_ids, n_ids, *, embedding_dims, hidden_size, dropout):
        super().__init__()
        H = hidden_size
        self.embed_source = nn.Embedding(n_source_ids, embedding_dims[0], padding_idx=EDGE)
        self.embed_target = nn.Embedding(n_ids, embedding_dims[1])
        self.encoder = nn.LSTM(embedding_dims[0], H, batch_first=True, bidirectional=True)
        self.decoder = nn.LSTM(embedding_dims[1], H, batch_first=True)
        self.starts = nn.ModuleList([nn.Linear(2 * H, H), nn.Linear(2 * H, H)])
        self.keys = nn.Linear(2 * H, H, bias=False)
        self.combine = nn.Linear(3 * H, H)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(H, n_ids)

    def encode(self, ids, lengths):
        """Return what the decoder attends to, and the state it starts from."""
        x = pack_padded_sequence(
            self.embed_source(ids), lengths, batch_first=True, enforce_sorted=False
        )
        packed, ends = self.encoder(x)
        states, _ = pad_packed_sequence(packed, batch_first=True)  # (B, S, 2H)
        start = tuple(
            torch.tanh(layer(torch.cat([*end], dim=1)))[None]
            for layer, end in zip(self.starts, ends, strict=True)
        )
        return (states, self.keys(states), ids == EDGE), start

    def decode(self, ids, memory, state):
        """Return logits (B, T, n_ids) of the tokens after ids (B, T), and the state."""
        values, keys, is_padding = memory
        states, state = self.decoder(self.embed_target(ids), state)
        scores = (states @ keys.mT).masked_fill(is_padding[:, None], -torch.inf)
        contexts = scores.softmax(2) @ values
        hidden = torch.tanh(self.combine(torch.cat([states, contexts], dim=2)))
        return self.head(self.dropout(hidden)), state


class TutorialTranslator:
    """`Seq2Seq` with the vectorizers, sizes and optimizer of an `RNNTranslator`.

    It trains for a given time of the processor, along its own schedule of the learning rate, and
    translates greedily.

    Parameters
    ----------
    like : RNNTranslator
        A fitted one.
    seconds : float
        How long to train.
    seed : int, default=0
        Of the weights, the dropout and the order of pairs.
    """

    def __init__(self, like, seconds, seed=0):
        self.like, self.seconds, self.seed = like, seconds, seed

    def fit(self, X, y):
        budget = Budget(self.seconds, every=self.seconds, clock=process_time)
        budget.spent()  # starts the clock
        torch.manual_seed(self.seed)
        like = self.like
        self.source_vectorizer = clone(like.source_vectorizer)
        self.target_vectorizer = clone(like.target_vectorizer)
        sources = _rows(self.source_vectorizer.fit_transform(X))
        targets = _rows(self.target_vectorizer.fit_transform(y))
        self.n_source_ids = int(max(row.max(initial=UNKNOWN) for row in sources)) + 1
        self.longest = max(map(len, targets))
        n_ids = int(max(row.max(initial=UNKNOWN) for row in targets)) + 1
        network = like.module_
        self.network = Seq2Seq(
            self.n_source_ids,
            n_ids,
            embedding_dims=(network.source.embedding.output_size, network.embedding.output_size),
            hidden_size=like.hidden_size,
            dropout=like.dropout,
        )
        self.n_pairs = 0
        self._train(sources, targets, budget)
        return self

    def _train(self, sources, targets, budget):
        like, network = self.like, self.network
        optimizer = torch.optim.AdamW(
            network.parameters(), lr=like.lr, weight_decay=like.weight_decay
        )
        while True:
            for rows in torch.randperm(len(sources)).split(like.net_.batch_size):
                for group in optimizer.param_groups:
                    group["lr"] = like.lr * budget.rate()
                memory, state = network.encode(*self._pad([sources[row] for row in rows]))
                given, wanted = _shift([targets[row] for row in rows])
                logits, _ = network.decode(given, memory, state)
                loss = F.cross_entropy(logits.flatten(0, 1), wanted.flatten(), ignore_index=IGNORED)
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(network.parameters(), like.clip_grad_norm)
                optimizer.step()
                self.n_pairs += len(rows)
                if budget.is_spent():
                    return

    def _pad(self, rows):
        """Return ids (B, S) and lengths; an unknown token for each that is not in the table."""
        rows = [torch.as_tensor(row if len(row) else [UNKNOWN]).long() for row in rows]
        ids = pad_sequence(rows, batch_first=True, padding_value=EDGE)
        return ids.masked_fill(ids >= self.n_source_ids, UNKNOWN), torch.tensor([*map(len, rows)])

    @torch.no_grad()
    def predict(self, X):
        self.network.eval()
        sources, found = _rows(self.source_vectorizer.transform(X)), []
        for start in range(0, len(sources), 64):
            memory, state = self.network.encode(*self._pad(sources[start : start + 64]))
            ids = torch.zeros(len(memory[0]), 1, dtype=torch.int64)
            steps, is_open = [], torch.ones(len(ids), dtype=torch.bool)
            while is_open.any() and len(steps) <= 2 * self.longest:
                logits, state = self.network.decode(ids, memory, state)
                ids = logits[:, -1].argmax(1, keepdim=True)
                is_open &= ids[:, 0] != EDGE
                steps.append(torch.where(is_open, ids[:, 0], EDGE))
            found += torch.stack(steps, dim=1).numpy().tolist()
        writer = TargetWriter(
            self.target_vectorizer,
            as_tokens=self.like.writes_tokens_,
            spacing=self.like.spacing_,
        )
        return [writer.write(np.array([i for i in ids if i != EDGE], np.int64)) for ids in found]


def _rows(ids):
    """Return the token ids of each text of a CSR array."""
    return np.split(ids.data.astype(np.int64), ids.indptr[1:-1])


def _shift(targets):
    """Return targets (B, T) with the boundary in front, and with it behind."""
    edge = np.array([EDGE])
    given = [torch.from_numpy(np.concatenate([edge, row])) for row in targets]
    wanted = [torch.from_numpy(np.concatenate([row, edge])) for row in targets]
    return (
        pad_sequence(given, batch_first=True, padding_value=EDGE),
        pad_sequence(wanted, batch_first=True, padding_value=IGNORED),
    )
