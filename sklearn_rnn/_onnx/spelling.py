"""How words are spelled, from their code points to vectors, in the operators of ONNX."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from sklearn_rnn._tagging import spelling
from sklearn_rnn._text.vocabulary import FIRST_ID, UNKNOWN_ID
from sklearn_rnn.modules._tagging import MAX_AFFIX, N_BUCKETS, SpellingEncoder

from .documents import Documents
from .modules import translate
from .traced import to_numpy

if TYPE_CHECKING:
    from .graph import Graph

# No letters, digits or cases are beyond the third supplementary plane.
_N_POINTS = 0x40000
_FLAGS = ("lower", "upper", "title", "letter", "digit", "has case")


def spelling_vectors(graph: Graph, module: SpellingEncoder, points: str, characters: str) -> str:
    """Return the vectors of words, (n_words, output_size).

    Parameters
    ----------
    graph : Graph
        The graph.
    module : SpellingEncoder
        The module, in evaluation mode.
    points : str
        Code points, int64 of shape (n_characters, n_words), 0 after the end of a word. An empty
        word is one character, of code point 0.
    characters : str
        The characters that have ids, from `FIRST_ID` on.
    """
    is_character = graph.add("Greater", points, 0)
    counts = graph.add("ReduceSum", graph.cast(is_character, np.int32), [0], keepdims=0)
    lengths = graph.add("Max", counts, np.int32(1))  # (n_words,)

    known = {0: UNKNOWN_ID, **{ord(c): FIRST_ID + i for i, c in enumerate(characters)}}
    ids = graph.add(
        "LabelEncoder",
        points,
        domain="ai.onnx.ml",
        keys_tensor=np.array(list(known)),
        values_tensor=np.array(list(known.values())),
        default_tensor=np.array([UNKNOWN_ID]),
    )
    words = Documents(ids, graph.add("Unsqueeze", is_character, [2]), lengths)
    x = graph.add("Gather", to_numpy(module.table.weight), ids)
    states = translate(graph, module.encoder, x, words)  # (n_characters, n_words, n_features)
    pooled = translate(graph, module.pooling, states, words)

    shapes = graph.add(
        "Gather", to_numpy(module.shapes.weight), word_shapes(graph, points, lengths)
    )
    affixes = graph.add(
        "Gather", to_numpy(module.affixes.weight), affix_numbers(graph, points, lengths)
    )  # (n_words, 2 * MAX_AFFIX, n_features)
    affixes = graph.add("Reshape", affixes, [0, -1])
    return graph.add("Concat", pooled, shapes, affixes, axis=1)


def word_shapes(graph: Graph, points: str, lengths: str) -> str:
    """Return the shape of each word, int64 of shape (n_words,), as `word_shape` does."""
    table, kinds = _flags_of_points()
    kind = graph.add("Gather", table, graph.add("Min", points, len(table) - 1))
    flags = graph.add("Gather", kinds, graph.cast(kind, np.int64))  # (n_characters, n_words, 6)
    counts = graph.add("ReduceSum", flags, [0], keepdims=0)
    count = {
        name: graph.add("Gather", counts, i, axis=1)  # int32 of shape (n_words,)
        for i, name in enumerate(_FLAGS)
    }

    def where(condition: str, shape: int | str, other: int | str) -> str:
        return graph.add("Where", condition, shape, other)

    def both(one: str, other: str) -> str:
        return graph.add("And", one, other)

    def none(value: str) -> str:
        return graph.add("Equal", value, np.int32(0))

    def some(value: str) -> str:
        return graph.add("Greater", value, np.int32(0))

    capitals = graph.add("Add", count["upper"], count["title"])
    is_lower = both(some(count["lower"]), none(capitals))
    is_upper = both(some(count["upper"]), none(graph.add("Add", count["lower"], count["title"])))
    first = graph.add("Gather", flags, 0)  # (n_words, 6)
    starts_upper = some(graph.add("Gather", first, _FLAGS.index("upper"), axis=1))
    is_capital = both(graph.add("Equal", capitals, np.int32(1)), some(count["lower"]))
    several = graph.add("Greater", count["letter"], np.int32(1))

    # From the last question of `word_shape` to the first.
    shape = where(some(count["has case"]), spelling.MIXED, spelling.CASELESS)
    shape = where(both(starts_upper, is_capital), spelling.CAPITAL, shape)
    shape = where(is_lower, spelling.LOWER, shape)
    shape = where(is_upper, where(several, spelling.UPPER, spelling.INITIAL), shape)
    shape = where(none(count["letter"]), spelling.MARKS, shape)
    code = where(some(count["letter"]), spelling.CODE, spelling.NUMBER)
    shape = where(some(count["digit"]), code, shape)
    shape = where(graph.add("Equal", count["digit"], lengths), spelling.DIGITS, shape)
    all_letters = graph.add("Equal", count["letter"], lengths)
    return where(both(is_lower, all_letters), spelling.LOWER, shape)


@lru_cache(maxsize=1)
def _flags_of_points() -> tuple[np.ndarray, np.ndarray]:
    """Return the kind of each code point, uint8, and the flags of each kind, int32.

    The last code point has no flags, and represents all beyond.
    """
    kinds: dict[tuple[bool, ...], int] = {(False,) * len(_FLAGS): 0}
    table = np.zeros(_N_POINTS, np.uint8)
    for point in range(1, _N_POINTS):
        flags = _flags_of(chr(point))
        if any(flags):
            table[point] = kinds.setdefault(flags, len(kinds))
    return table[: np.flatnonzero(table)[-1] + 2], np.array(list(kinds), np.int32)


def _flags_of(character: str) -> tuple[bool, ...]:
    is_upper = character.isupper()
    return (
        character.islower(),
        is_upper,
        character.istitle() and not is_upper,
        character.isalpha(),
        character.isdecimal(),
        character.upper() != character.lower(),
    )


def affix_numbers(graph: Graph, points: str, lengths: str) -> str:
    """Return the affixes of each word, int64 of shape (n_words, 2 * MAX_AFFIX).

    They are those of `number_affixes`, whose products wrap around in int64 as they do in uint64.
    """
    lengths = graph.cast(lengths, np.int64)
    last = graph.add("Sub", lengths, 1)
    multiplier = spelling.MULTIPLIER.astype(np.int64)
    found = []
    for side in range(2):
        hashes = graph.add("Add", graph.add("Mul", lengths, 0), 1 + side)  # (n_words,)
        for n in range(MAX_AFFIX):
            place = graph.add("Max", graph.add("Sub", last, n), 0) if side else n
            place = graph.add("Min", place, last)
            place = graph.add("Unsqueeze", place, [0])
            point = graph.add("Squeeze", graph.add("GatherElements", points, place, axis=0), [0])
            longer = graph.add("Mul", graph.add("Add", hashes, point), multiplier)
            hashes = graph.add("Where", graph.add("Greater", lengths, n), longer, hashes)
            high = graph.add(
                "BitShift", graph.cast(hashes, np.uint64), np.uint64(32), direction="RIGHT"
            )
            bucket = graph.add("Mod", graph.cast(high, np.int64), N_BUCKETS)
            number = graph.add("Add", bucket, (side * MAX_AFFIX + n) * N_BUCKETS)
            found.append(graph.add("Unsqueeze", number, [1]))
    return graph.add("Concat", *found, axis=1)
