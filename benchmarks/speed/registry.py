"""The contestants by name: where each is written, and what the report says of it."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Entry:
    """A contestant.

    Parameters
    ----------
    path : str
        Its module and class. The parent does not import it.
    text : str
        What it is.
    environment : dict, default={}
        Environment variables of its process.
    """

    path: str
    text: str
    environment: dict = field(default_factory=dict)


OURS = Entry("benchmarks.speed.ours:Ours", "`RNNTextClassifier` of this package, one `fit`")
OURS_BY_TORCH = Entry(
    "benchmarks.speed.ours:OursByTorch",
    "the same with `kernels=False`, using torch's layers instead of our own kernels",
)

PEERS = {
    "tutorial": Entry(
        "benchmarks.speed.tutorial:Padded",
        "a plain PyTorch loop: `DataLoader`, `pad_sequence`, `nn.LSTM`, the output at the last "
        "token; its backward direction reads the padding first, so its predictions depend on the "
        "other documents in the batch",
    ),
    "packed": Entry(
        "benchmarks.speed.tutorial:Packed",
        "the same loop with `pack_padded_sequence`, which does not read padding",
    ),
    "skorch": Entry(
        "benchmarks.speed.skorch_net:Skorch",
        "`NeuralNetClassifier` around the module of the first loop, with its faulty backward "
        "direction",
    ),
    "keras_torch": Entry(
        "benchmarks.speed.keras_net:Keras",
        "Keras on PyTorch: `Embedding(mask_zero=True)` and its recurrent layers, batches padded by "
        "a `PyDataset`",
        {"KERAS_BACKEND": "torch"},
    ),
    "keras_tensorflow": Entry(
        "benchmarks.speed.keras_net:Keras",
        "the same on TensorFlow, from a `tf.data.Dataset` that leaves the length of batches open, "
        "and without just-in-time compilation, so that the graph is traced only once",
        {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "2"},
    ),
}

LINEAR = {
    "TF-IDF": Entry(
        "benchmarks.speed.linear:TfidfLogistic",
        "logistic regression on TF-IDF of words and word pairs",
    ),
    "fastText": Entry("benchmarks.speed.linear:FastText", "fastText, `train_supervised(epoch=5)`"),
    "fastText longer": Entry(
        "benchmarks.speed.linear:FastTextLonger",
        "fastText, `train_supervised(epoch=25, lr=1.0)`, as its manual suggests for few documents",
    ),
}
