"""The command line: ``python -m benchmarks NAME [options]``.

A benchmark is a module with ``main(argv)``, named below. It is imported only when it is run, so
that what one of them needs does not stop the others.
"""

import argparse
from importlib import import_module

from benchmarks.openings import PAGES, write_openings

BENCHMARKS = {
    "quality": ("benchmarks.quality", "accuracy of the defaults compared with TF-IDF"),
    "peers": ("benchmarks.peers.run", "classifiers of other libraries on the same texts"),
    "few_labels": ("benchmarks.few_labels", "accuracy from few labelled documents"),
    "few_tags": ("benchmarks.few_tags", "slots from few tagged commands after pretraining"),
    "pretraining": ("benchmarks.pretraining", "accuracy from few labels after pretraining"),
    "speed": ("benchmarks.speed.run", "seconds per epoch compared with other libraries"),
    "time_to_accuracy": ("benchmarks.time_to_accuracy", "seconds to a given accuracy"),
    "efficiency": ("benchmarks.efficiency", "share of the matrix peak, and where the rest goes"),
    "short": ("benchmarks.short", "epochs on short documents compared with PyTorch loops"),
    "scaling": ("benchmarks.scaling", "time and memory as corpus and network grow"),
    "scale_model": (
        "benchmarks.scale_model",
        "a model of step time and traffic, for corpora that fit no machine",
    ),
    "out_of_core": ("benchmarks.out_of_core", "memory and speed of learning a stream in chunks"),
    "checkpoints": ("benchmarks.checkpoints", "what checkpoints cost"),
    "batches": ("benchmarks.batches", "accuracy with batches of similar lengths"),
    "grid_lstm": (
        "benchmarks.grid_lstm",
        "Grid LSTM and stacked LSTM, and LSTM along depth",
    ),
    "memory_distance": ("benchmarks.memory_distance", "how far back each cell remembers"),
    "grid_search": (
        "benchmarks.grid_search",
        "a search in two processes, on loky and on dask, and in one",
    ),
    "search_peers": ("benchmarks.search_peers", "a search with skorch and a PyTorch loop"),
    "predicting": ("benchmarks.predicting", "predictions compared with TF-IDF"),
    "serving": (
        "benchmarks.serving.run",
        "requests a second and p99 of a web service, compared with TF-IDF",
    ),
    "generation": ("benchmarks.generation", "generated text compared with PyTorch loops"),
    "vectorizing": ("benchmarks.vectorizing", "texts to token ids, compared with other ways"),
    "vectorizing_processes": (
        "benchmarks.vectorizing_processes",
        "texts to token ids in several processes",
    ),
    "many_threads": (
        "benchmarks.many_threads",
        "answers a second from several threads, beside a training",
    ),
    "processes": ("benchmarks.processes", "one model trained by two processes and by one"),
    "word_vectors": ("benchmarks.word_vectors", "reading some words of a large file"),
    "word_table": ("benchmarks.word_table", "make the table of word vectors that ships"),
    "start_up": ("benchmarks.start_up", "seconds to import, and to open a fitted model"),
    "checks": ("benchmarks.checks", "how many common checks the estimators pass"),
    "kneser_ney": ("benchmarks.kneser_ney", "n-grams, the baseline of a language model"),
    "language_model": (
        "benchmarks.language_model",
        "a language model and a PyTorch loop, loss over the time of training",
    ),
    "gpu": ("benchmarks.gpu", "the cells, their speed and a language model on a GPU"),
    "tagging": ("benchmarks.tagging", "taggers compared with CRFsuite and a PyTorch loop"),
    "translation": (
        "benchmarks.translation",
        "translations after the same time, compared with a PyTorch loop",
    ),
    "mutants": ("benchmarks.mutants", "which deliberate faults the fast tests find"),
    "vanishing_gradients": (
        "benchmarks.vanishing_gradients",
        "how much of the gradient remains after 100 tokens",
    ),
    "same_results": (
        "benchmarks.same_results",
        "whether two commits compute the same to the bit",
    ),
    "openings": ("benchmarks.openings", "the first sentence of each page, from its tables"),
    "defaults": ("benchmarks.defaults.run", "the experiment behind the defaults"),
}


def main():
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="\n".join(f"{name:21}{text}" for name, (_, text) in BENCHMARKS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", choices=BENCHMARKS)
    parser.add_argument("options", nargs=argparse.REMAINDER, help="see NAME --help")
    args = parser.parse_args()
    import_module(BENCHMARKS[args.name][0]).main(args.options)
    write_openings(PAGES)


if __name__ == "__main__":
    main()
