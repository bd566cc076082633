"""What taggers are compared with: CRFsuite on features, and a BiLSTM-CRF as tutorials do it."""

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence

UNKNOWN = 1  # the id of a word that did not occur in training; 0 is padding


class FeatureCRF:
    """sklearn-crfsuite on word, affixes and shape, of two neighbours on each side too."""

    n_passes = 100  # of L-BFGS over the sentences

    def fit(self, X, y):
        from sklearn_crfsuite import CRF

        self.crf = CRF(
            algorithm="lbfgs",
            c1=0.1,
            c2=0.1,
            max_iterations=self.n_passes,
            all_possible_transitions=True,
        )
        self.crf.fit([word_features(x) for x in X], y)
        return self

    def predict(self, X):
        return [list(tags) for tags in self.crf.predict([word_features(x) for x in X])]


def word_features(tokens):
    """Return the features of each token of a sentence."""
    own = [_features_of(token) for token in tokens]
    rows = []
    for i in range(len(tokens)):
        row = {"bias": 1.0}
        for offset in range(-2, 3):
            if 0 <= i + offset < len(tokens):
                row |= {f"{offset}:{name}": value for name, value in own[i + offset].items()}
            else:
                row[f"{offset}:edge"] = True
        rows.append(row)
    return rows


def _features_of(token):
    shape = "".join(
        "X" if c.isupper() else "x" if c.islower() else "d" if c.isdigit() else c for c in token
    )
    affixes = {
        f"{end}{n}": part for n in (1, 2, 3) for end, part in (("<", token[:n]), (">", token[-n:]))
    }
    return {"word": token.lower(), "shape": shape, **affixes}


class TutorialCRF(nn.Module):
    """A linear-chain CRF over padded batches, trained by autograd through its steps."""

    def __init__(self, n_tags):
        super().__init__()
        self.start = nn.Parameter(torch.zeros(n_tags))
        self.end = nn.Parameter(torch.zeros(n_tags))
        self.transitions = nn.Parameter(torch.zeros(n_tags, n_tags))

    def negative_log_likelihood(self, scores, tags, mask):
        """Return the sum over a batch, of scores (B, T, K), tags (B, T) and mask (B, T)."""
        return (self._log_sums(scores, mask) - self._scores_of(scores, tags, mask)).sum()

    def _scores_of(self, scores, tags, mask):
        by_token = scores.gather(2, tags[:, :, None])[:, :, 0] * mask
        steps = self.transitions[tags[:, :-1], tags[:, 1:]] * mask[:, 1:]
        last = tags.gather(1, mask.sum(1, keepdim=True) - 1)[:, 0]
        return by_token.sum(1) + steps.sum(1) + self.start[tags[:, 0]] + self.end[last]

    def _log_sums(self, scores, mask):
        alpha = self.start + scores[:, 0]
        for t in range(1, scores.shape[1]):
            step = (alpha[:, :, None] + self.transitions).logsumexp(1) + scores[:, t]
            alpha = torch.where(mask[:, t, None], step, alpha)
        return (alpha + self.end).logsumexp(1)

    def decode(self, scores, mask):
        """Return the best tags (B, T), which mean nothing behind the end of a sentence."""
        best, origins = self.start + scores[:, 0], []
        stay = torch.arange(len(self.start)).expand_as(best)
        for t in range(1, scores.shape[1]):
            step, origin = (best[:, :, None] + self.transitions).max(1)
            best = torch.where(mask[:, t, None], step + scores[:, t], best)
            origins.append(torch.where(mask[:, t, None], origin, stay))
        tags = [(best + self.end).argmax(1)]
        for origin in reversed(origins):
            tags.append(origin.gather(1, tags[-1][:, None])[:, 0])
        return torch.stack(tags[::-1], 1)


class TutorialTagger(nn.Module):
    """Word embedding, bidirectional layers of torch.nn.LSTM, linear layer and CRF, in a plain loop.

    It has the sizes of `RNNTokenClassifier`, its dropout, its batches and as many passes, and reads
    words alone.
    """

    def __init__(
        self, *, n_passes, seed=0, hidden_size=128, num_layers=2, embedding_dim=100, batch_size=16
    ):
        super().__init__()
        self.n_passes, self.seed, self.batch_size = n_passes, seed, batch_size
        self.hidden_size, self.num_layers = hidden_size, num_layers
        self.embedding_dim = embedding_dim

    def fit(self, X, y):
        torch.manual_seed(self.seed)
        self.words = {word: i + 2 for i, word in enumerate(sorted({w for x in X for w in x}))}
        self.tags = sorted({tag for tags in y for tag in tags})
        self.embedding = nn.Embedding(len(self.words) + 2, self.embedding_dim, padding_idx=0)
        self.lstm = nn.LSTM(
            self.embedding_dim,
            self.hidden_size,
            self.num_layers,
            batch_first=True,
            dropout=0.5,
            bidirectional=True,
        )
        self.dropout = nn.Dropout(0.5)
        self.head = nn.Linear(2 * self.hidden_size, len(self.tags))
        self.crf = TutorialCRF(len(self.tags))
        codes = {tag: i for i, tag in enumerate(self.tags)}
        x = [self._ids(tokens) for tokens in X]
        y = [torch.tensor([codes[tag] for tag in tags]) for tags in y]
        self._train(x, y)
        return self

    def _train(self, x, y):
        optimizer = torch.optim.Adam(self.parameters(), lr=2e-3)
        self.train()
        for _ in range(self.n_passes):
            for rows in torch.randperm(len(x)).split(self.batch_size):
                ids = pad_sequence([x[row] for row in rows], batch_first=True)
                # Some words stand for those that will be unknown.
                hidden = (torch.rand(ids.shape) < 0.1) & (ids > 0)
                scores = self(ids.masked_fill(hidden, UNKNOWN))
                tags = pad_sequence([y[row] for row in rows], batch_first=True)
                loss = self.crf.negative_log_likelihood(scores, tags, ids > 0) / len(rows)
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(self.parameters(), 5.0)
                optimizer.step()

    def forward(self, ids):
        """Return scores (B, T, K) of the tags of padded ids (B, T)."""
        states, _ = self.lstm(self.dropout(self.embedding(ids)))
        return self.head(self.dropout(states))

    def _ids(self, tokens):
        return torch.tensor([self.words.get(token, UNKNOWN) for token in tokens])

    @torch.no_grad()
    def predict(self, X):
        self.eval()
        found = []
        for start in range(0, len(X), 64):
            batch = X[start : start + 64]
            ids = pad_sequence([self._ids(tokens) for tokens in batch], batch_first=True)
            tags = self.crf.decode(self(ids), ids > 0).tolist()
            found += [
                [self.tags[code] for code in own[: len(tokens)]]
                for own, tokens in zip(tags, batch, strict=True)
            ]
        return found
