"""Keras, on the backend that the environment names."""

import keras
import numpy as np

from benchmarks.speed.contestant import Contestant

LAYERS = {
    "lstm": keras.layers.LSTM,
    "gru": keras.layers.GRU,
    "rnn": keras.layers.SimpleRNN,
}


class PaddedBatches(keras.utils.PyDataset):
    """Batches padded with 0 to the longest document of each, in a new order for each epoch.

    Without labels the order stays as given.
    """

    def __init__(self, documents, labels=None, *, batch_size, seed=None):
        super().__init__()
        self.documents = documents
        self.labels = labels
        self.batch_size = batch_size
        self.order = np.arange(len(documents))
        self.rng = np.random.default_rng(seed)
        self.shuffle()

    def __len__(self):
        return -(-len(self.documents) // self.batch_size)

    def __getitem__(self, index):
        rows = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        ids = keras.utils.pad_sequences([self.documents[row] for row in rows], padding="post")
        return (ids,) if self.labels is None else (ids, self.labels[rows])

    def on_epoch_end(self):
        self.shuffle()

    def shuffle(self):
        if self.labels is not None:
            self.rng.shuffle(self.order)


class Keras(Contestant):
    """A Sequential model that masks the padding.

    On TensorFlow, just-in-time compilation is off, which would compile anew for each length of a
    batch. With lengths declared as open, the graph is traced once.
    """

    def __init__(self, *args):
        super().__init__(*args)
        keras.utils.set_random_seed(self.seed)
        self.model = keras.Sequential(
            [
                keras.Input((None,), dtype="int32"),
                keras.layers.Embedding(
                    self.corpus.n_ids, self.network.embedding_dim, mask_zero=True
                ),
                *self.recurrent_layers(),
                keras.layers.Dense(self.corpus.n_classes, activation="softmax"),
            ]
        )
        self.model.compile(
            optimizer=keras.optimizers.Adam(self.network.lr),
            loss="sparse_categorical_crossentropy",
            jit_compile=False if keras.backend.backend() == "tensorflow" else "auto",
        )

    def recurrent_layers(self):
        for depth in range(1, self.network.num_layers + 1):
            layer = LAYERS[self.network.cell](
                self.network.hidden_size, return_sequences=depth < self.network.num_layers
            )
            yield keras.layers.Bidirectional(layer) if self.network.bidirectional else layer

    def batches(self, documents, labels=None):
        batches = PaddedBatches(
            documents, labels, batch_size=self.network.batch_size, seed=self.seed
        )
        return as_tensorflow(batches) if keras.backend.backend() == "tensorflow" else batches

    def train(self, epochs):
        documents = self.corpus.train
        batches = self.batches(documents.as_arrays(), documents.labels)
        for _ in epochs:
            # The order is new for each epoch already.
            self.model.fit(batches, epochs=1, shuffle=False, verbose=0)

    def predict_proba(self, documents):
        return self.model.predict(self.batches(documents), verbose=0)


def as_tensorflow(batches):
    """Return the batches as a tf.data.Dataset that declares their length as open.

    Keras would look at two batches, and take their length for that of all if it is the same.
    """
    import tensorflow as tf

    def iterate():
        batches.shuffle()
        for index in range(len(batches)):
            yield batches[index]

    ids = tf.TensorSpec((None, None), tf.int32)
    labels = () if batches.labels is None else (tf.TensorSpec((None,), tf.int64),)
    data = tf.data.Dataset.from_generator(iterate, output_signature=(ids, *labels))
    counted = data.apply(tf.data.experimental.assert_cardinality(len(batches)))
    return counted.prefetch(tf.data.AUTOTUNE)
