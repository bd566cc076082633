"""A language model as a tutorial writes it: torch.nn.LSTM, its state carried, a plain loop."""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

IGNORED = -100  # the target that torch's cross-entropy passes over
N_PER_STREAM = 20_000  # characters that a validation stream reads side by side with others


@dataclass
class Settings:
    """Sizes and rates of a language model and of its training, for both contestants."""

    hidden_size: int = 512
    num_layers: int = 1
    embedding_dim: int = 64
    dropout: float = 0.3
    batch_size: int = 32
    bptt: int = 128
    lr: float = 3e-3
    weight_decay: float = 0.01
    clip_grad_norm: float = 1.0
    tie_weights: bool = False


class TorchLanguageModel(nn.Module):
    """Embedding, LSTM, dropout, linear layer, whose weights may be those of the embedding."""

    def __init__(self, n_ids, settings):
        super().__init__()
        sizes = settings.embedding_dim, settings.hidden_size, settings.num_layers
        self.embedding = nn.Embedding(n_ids, settings.embedding_dim)
        between = settings.dropout if settings.num_layers > 1 else 0.0
        self.lstm = nn.LSTM(*sizes, dropout=between)
        self.dropout = nn.Dropout(settings.dropout)
        self.head = nn.Linear(settings.hidden_size, n_ids)
        if settings.tie_weights:  # which takes states as wide as the vectors of the words
            nn.init.normal_(self.embedding.weight, std=settings.embedding_dim**-0.5)
            self.head.weight = self.embedding.weight

    def forward(self, ids, state=None):
        """Return logits (n_steps, batch_size, n_ids) and the state after the last step."""
        states, state = self.lstm(self.embedding(ids), state)
        return self.head(self.dropout(states)), state


def stream_windows(ids, batch_size, bptt):
    """Yield inputs and targets (n_steps, batch_size) of a text cut into pieces side by side."""
    n_steps = (len(ids) - 1) // batch_size
    ids = torch.as_tensor(ids)
    x = ids[: n_steps * batch_size].view(batch_size, n_steps).T
    y = ids[1 : n_steps * batch_size + 1].view(batch_size, n_steps).T
    for start in range(0, n_steps, bptt):
        yield x[start : start + bptt], y[start : start + bptt]


def document_batches(documents, batch_size, shuffle):
    """Yield padded inputs and targets of documents, the boundary 0 at both ends of each."""
    documents = [torch.as_tensor(ids) for ids in documents]
    order = torch.randperm(len(documents)) if shuffle else torch.arange(len(documents))
    edge = torch.zeros(1, dtype=torch.int64)
    for rows in order.split(batch_size):
        chosen = [documents[row] for row in rows]
        x = pad_sequence([torch.cat([edge, ids]) for ids in chosen])
        y = pad_sequence([torch.cat([ids, edge]) for ids in chosen], padding_value=IGNORED)
        yield x, y


def negative_log_likelihood(model, documents, are_documents):
    """Return the mean in nats a token; the state is carried through a text."""
    model.eval()
    total, n_tokens, state = 0.0, 0, None
    if are_documents:
        batches = document_batches(documents, 250, shuffle=False)
    else:
        (ids,) = documents
        batches = stream_windows(ids, max(1, len(ids) // N_PER_STREAM), 500)
    with torch.no_grad():
        for x, y in batches:
            logits, state = model(x, None if are_documents else state)
            total += F.cross_entropy(logits.flatten(0, 1), y.flatten(), reduction="sum").item()
            n_tokens += int((y != IGNORED).sum())
    model.train()
    return total / n_tokens


def train(train_part, n_ids, settings, budget, *, are_documents, seed=0):
    """Train until the budget is spent, and yield the model whenever a measurement is due.

    Parameters
    ----------
    train_part : list of ndarray of int64
        The documents, or one text.
    n_ids : int
        Number of ids.
    settings : Settings
        Sizes and rates.
    budget : Budget
        The time for training, which says when to measure too.
    are_documents : bool
        Whether each document is read from its beginning, else one text as a stream.
    seed : int, default=0
        Of the weights, the dropout and the order of documents.
    """
    torch.manual_seed(seed)
    model = TorchLanguageModel(n_ids, settings)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=settings.lr, weight_decay=settings.weight_decay
    )
    while True:
        state = None
        if are_documents:
            batches = document_batches(train_part, settings.batch_size, shuffle=True)
        else:
            # Another start each epoch, so that the text is not cut at the same places.
            skip = int(torch.randint(settings.bptt, ()))
            batches = stream_windows(train_part[0][skip:], settings.batch_size, settings.bptt)
        for x, y in batches:
            for group in optimizer.param_groups:
                group["lr"] = settings.lr * budget.rate()
            logits, state = model(x, state)
            state = None if are_documents else tuple(part.detach() for part in state)
            loss = F.cross_entropy(logits.flatten(0, 1), y.flatten(), ignore_index=IGNORED)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), settings.clip_grad_norm)
            optimizer.step()
            budget.count(int((y != IGNORED).sum()))
            if budget.is_due():
                yield model
            if budget.is_spent():
                return
