"""Training loops of PyTorch as tutorials have them: padded batches, or packed ones."""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset

from benchmarks.speed.contestant import Contestant

LAYERS = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}


class TextDataset(Dataset):
    """Documents of differing length with their labels."""

    def __init__(self, documents, labels=None):
        self.documents = [torch.tensor(ids, dtype=torch.long) for ids in documents]
        self.labels = torch.zeros(len(documents), dtype=torch.long)
        if labels is not None:
            self.labels = torch.from_numpy(labels)

    def __len__(self):
        return len(self.documents)

    def __getitem__(self, index):
        return self.documents[index], self.labels[index]


def pad(batch):
    """Make a batch of documents, padded with 0 to the longest of them."""
    documents, labels = zip(*batch, strict=True)
    lengths = torch.tensor([len(ids) for ids in documents])
    return pad_sequence(documents, batch_first=True), lengths, torch.stack(labels)


class PaddedNetwork(nn.Module):
    """Run over the padding, and take the output at the last token.

    The backward direction reads the padding first, so its state, and with it the prediction,
    depends on the longest document of the batch. Many tutorials have it so.
    """

    def __init__(self, network, n_ids, n_classes):
        super().__init__()
        self.hidden_size = network.hidden_size
        self.bidirectional = network.bidirectional
        self.embedding = nn.Embedding(n_ids, network.embedding_dim, padding_idx=0)
        self.recurrent = LAYERS[network.cell](
            network.embedding_dim,
            network.hidden_size,
            num_layers=network.num_layers,
            bidirectional=network.bidirectional,
            batch_first=True,
        )
        width = network.hidden_size * (2 if network.bidirectional else 1)
        self.linear = nn.Linear(width, n_classes)

    def forward(self, ids, lengths):
        return self.linear(self.last_state(self.embedding(ids), lengths))

    def last_state(self, vectors, lengths):
        outputs, _ = self.recurrent(vectors)  # (B, T, D * H)
        last = outputs[torch.arange(len(outputs)), lengths - 1]  # (B, D * H)
        if not self.bidirectional:
            return last
        forward, backward = last[:, : self.hidden_size], outputs[:, 0, self.hidden_size :]
        return torch.cat([forward, backward], dim=1)


class PackedNetwork(PaddedNetwork):
    """Pack the batch, so that no direction reads padding."""

    def last_state(self, vectors, lengths):
        packed = pack_padded_sequence(vectors, lengths, batch_first=True, enforce_sorted=False)
        _, state = self.recurrent(packed)
        hidden = state[0] if isinstance(state, tuple) else state  # (layers * D, B, H)
        return torch.cat([hidden[-2], hidden[-1]], dim=1) if self.bidirectional else hidden[-1]


class Padded(Contestant):
    """The loop over padded batches."""

    network_class = PaddedNetwork

    def __init__(self, *args):
        super().__init__(*args)
        torch.manual_seed(self.seed)
        documents = self.corpus.train
        self.loader = DataLoader(
            TextDataset(documents.as_arrays(), documents.labels),
            batch_size=self.network.batch_size,
            shuffle=True,
            collate_fn=pad,
        )
        self.device = torch.device(self.network.device)
        model = self.network_class(self.network, self.corpus.n_ids, self.corpus.n_classes)
        self.model = model.to(self.device)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=self.network.lr)
        self.criterion = nn.CrossEntropyLoss()

    def train(self, epochs):
        self.model.train()
        for _ in epochs:
            for ids, lengths, labels in self.loader:
                self.optimizer.zero_grad()
                logits = self.model(ids.to(self.device), lengths)
                loss = self.criterion(logits, labels.to(self.device))
                loss.backward()
                self.optimizer.step()

    def predict_proba(self, documents):
        loader = DataLoader(
            TextDataset(documents), batch_size=self.network.batch_size, collate_fn=pad
        )
        self.model.eval()
        with torch.no_grad():
            logits = [self.model(ids.to(self.device), lengths) for ids, lengths, _ in loader]
        return torch.cat(logits).softmax(dim=1).cpu().numpy()


class Packed(Padded):
    """The loop over packed batches."""

    network_class = PackedNetwork
