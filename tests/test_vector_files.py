"""Files of word vectors in every format, whole and broken."""

import bz2
import gzip
import io
import json
import lzma
import os
import pickle
import struct
import tarfile
import zipfile

import numpy as np
import pytest
from vector_files import VECTORS, WORDS, write_fasttext, write_text, write_word2vec

from sklearn_rnn import WordVectors


def zipped(*files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return buffer.getvalue()


def tarred(data):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        info = tarfile.TarInfo("vectors.txt")
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def load(tmp_path, data, **params):
    path = tmp_path / "vectors"
    path.write_bytes(data)
    return WordVectors.load(path, **params)


FORMATS = {
    "glove": write_text(),
    "glove without a last line feed": write_text()[:-1],
    "word2vec text": write_text(header=True),
    "fasttext vec": write_text(header=True, end=" \n"),
    "tabs": write_text(separator="\t"),
    "two spaces": write_text(separator="  "),
    "CRLF": write_text(header=True, end="\n").replace(b"\n", b"\r\n"),
    "fasttext vec with CRLF": write_text(header=True, end=" \r\n"),
    "tab after the word": write_text().replace(b"the ", b"the\t"),
    "blank lines": write_text().replace(b"\n", b"\n\n") + b"\n \n",
    "UTF-8 with a byte order mark": b"\xef\xbb\xbf" + write_text(),
    "header after a byte order mark": b"\xef\xbb\xbf" + write_text(header=True),
    "UTF-16": write_text().decode().encode("utf-16"),
    "UTF-16, big-endian": b"\xfe\xff" + write_text(header=True).decode().encode("utf-16-be"),
    "word2vec binary": write_word2vec(),
    "word2vec binary with line feeds": write_word2vec(end=b"\n"),
    "fasttext bin": write_fasttext(max_n=0),
    "fasttext bin, version 11": write_fasttext(max_n=0, version=11),
    "fasttext classifier": write_fasttext(labels=["__label__a"], model=3, max_n=0),
    "old fasttext classifier": write_fasttext(labels=["__label__a"], model=3, version=11),
}
COMPRESSORS = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zip": lambda data: zipped(("folder/", b""), ("folder/vectors.txt", data), ("__MACOSX/x", b"")),
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_words_and_vectors(name, tmp_path):
    vectors = load(tmp_path, FORMATS[name])
    assert vectors.words.tolist() == WORDS
    np.testing.assert_array_equal(vectors.vectors, VECTORS)
    assert vectors.vectors.dtype == np.float32


@pytest.mark.parametrize("name", FORMATS)
def test_words_alone_are_read_from_every_format(name, tmp_path):
    vectors = load(tmp_path, FORMATS[name], words=["日本", "The", "missing"])
    assert sorted(vectors.words) == ["the", "日本"]
    np.testing.assert_array_equal(vectors["日本"], VECTORS[3])
    np.testing.assert_array_equal(vectors["the"], VECTORS[0])


@pytest.mark.parametrize("name", FORMATS)
def test_max_words_stops_every_format(name, tmp_path):
    assert load(tmp_path, FORMATS[name], max_words=2).words.tolist() == WORDS[:2]
    both = load(tmp_path, FORMATS[name], max_words=2, words=["the", "日本"])
    assert both.words.tolist() == ["the"]


@pytest.mark.parametrize("compressor", COMPRESSORS)
@pytest.mark.parametrize("name", ["glove", "word2vec binary", "fasttext bin", "UTF-16"])
def test_compressed_files_equal_plain_ones(name, compressor, tmp_path):
    vectors = load(tmp_path, COMPRESSORS[compressor](FORMATS[name]))
    assert vectors.words.tolist() == WORDS
    np.testing.assert_array_equal(vectors.vectors, VECTORS)


def test_long_files_equal_what_was_written(tmp_path, monkeypatch):
    """Words and rows that lie across the ends of blocks."""
    for module, size in (("text_file", 7), ("word2vec_file", 11), ("fasttext_file", 13)):
        monkeypatch.setattr(f"sklearn_rnn._vectors.{module}._BLOCK", size)
    rng = np.random.default_rng(0)
    words = [f"word{i}" for i in range(300)]
    table = rng.standard_normal((300, 4)).astype(np.float32)
    for write in (write_text, write_word2vec, lambda *args: write_fasttext(*args, max_n=0)):
        data = write(words, table)
        np.testing.assert_array_equal(load(tmp_path, data).vectors, table)
        some = load(tmp_path, data, words=words[::7])
        assert some.words.tolist() == words[::7]
        np.testing.assert_array_equal(some.vectors, table[::7])


def test_a_member_of_an_archive_is_chosen_by_name(tmp_path):
    other = write_text(["other"], VECTORS[:1])
    data = zipped(("a.50d.txt", other), ("a.100d.txt", write_text()))
    assert load(tmp_path, data, member="a.100d.txt").words.tolist() == WORDS
    with pytest.raises(ValueError, match=r"2 files: a\.50d\.txt, a\.100d\.txt\. Name one of them"):
        load(tmp_path, data)
    with pytest.raises(ValueError, match=r"2 files, not 'b': a\.50d"):
        load(tmp_path, data, member="b")
    with pytest.raises(ValueError, match="not a zip archive, so it has no member 'b'"):
        load(tmp_path, write_text(), member="b")


def test_words_of_other_encodings_are_decoded(tmp_path):
    data = write_text().decode().replace("日本", "über").encode("latin-1")
    expected = ["the", "café", "naïve_film", "über", "n't"]
    assert load(tmp_path, data, encoding="latin-1").words.tolist() == expected
    assert load(tmp_path, data, encoding="latin-1", words=["Über"]).words.tolist() == ["über"]
    assert load(tmp_path, data, decode_error="ignore").words.tolist()[1] == "caf"
    for wide in ("utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"):
        data = write_text().decode().encode(wide)
        assert load(tmp_path, data, encoding=wide).words.tolist() == WORDS
        assert load(tmp_path, data, encoding=wide, words=["日本"]).words.tolist() == ["日本"]
    # The byte order mark counts, not what it is called.
    assert load(tmp_path, FORMATS["UTF-16"], encoding="latin-1").words.tolist() == WORDS


GLOVE = write_text(["a", "b", "c", "d"], VECTORS[:4])
TEXT = write_text(["a", "b", "c", "d"], VECTORS[:4], header=True)
BINARY = write_word2vec(["a", "b", "c", "d"], VECTORS[:4])
BUCKETS = np.ones((10, 3), np.float32)
FASTTEXT = write_fasttext(["a", "b", "c", "d"], VECTORS[:4], ngram_rows=BUCKETS)
NAN = np.where(np.arange(4)[:, None] == 2, np.nan, VECTORS[:4])


def insert(number, line, data=GLOVE):
    lines = data.split(b"\n")
    lines[number - 1 : number - 1] = [line]
    return b"\n".join(lines)


BROKEN = {
    "empty": (b"", "it is empty"),
    "white space": (b" \n\n", "it is empty"),
    "a line too short": (insert(3, b"x 1 2"), "line 3: 2 numbers after the word 'x', where other"),
    "a line too long": (insert(3, b"x 1 2 3 4"), "line 3: 4 numbers after the word 'x'"),
    "a word alone": (insert(2, b"alone"), "line 2: 0 numbers after the word 'alone'"),
    "words alone": (b"a\nb\nc\n", "line 1 has no numbers after the word 'a'"),
    "no number": (insert(2, b"x 1 two 3"), "line 2: 'two' is not a number"),
    "decimal commas": (insert(2, b"x 1,5 2,5 3"), "line 2: '1,5' is not a number"),
    "cut in a line": (GLOVE[:-12], "line 4: 1 numbers.*damaged or cut off"),
    "text with fewer words": (TEXT.replace(b"4 3", b"9 3"), "promises 9 .* line 5 after 4.*max_wo"),
    "a header alone": (b"4 3\n", "promises 4 words of 3 features, and nothing follows"),
    "bytes of latin-1": (insert(2, b"caf\xe9 1 2 3"), "line 2: .* not valid utf-8. Set 'encoding'"),
    "commas between": (GLOVE.replace(b" ", b","), "commas between. Read it with pandas"),
    "carriage returns": (GLOVE.replace(b"\n", b"\r"), "end in carriage returns alone"),
    "no line feed": (b"x" * 5_000_000, "line 1 is longer than|no numbers after the word"),
    "odd UTF-16": (b"\xff\xfea\x00 \x001\x00\n\x00\x00\xd8a\x00", "its text is not valid utf"),
    "binary, cut": (BINARY[:-5], "promises 4 words of 3 features, more than"),
    "binary, cut and packed": (gzip.compress(BINARY[:-5]), "cut off at byte 55 in word 4.*words=3"),
    "binary, many words": (write_word2vec(header=(10**15, 3)), "more than the .* bytes"),
    "binary, wide": (write_word2vec(header=(5, 10**9)), "of 1000000000 features. Between 1 and"),
    "binary, wide and packed": (gzip.compress(write_word2vec(header=(5, 10**9))), "Between 1 and"),
    "binary, no features": (write_word2vec(header=(5, 0)), "vectors of 0 features"),
    "binary, endless word": (b"90 1\n" + b"\1" * 200_000, "no space ends word 1"),
    "other bytes": (bytes(range(256)) * 20, "binary, but neither in word2vec's format"),
    "fasttext, cut in the words": (FASTTEXT[:110], "entries are promised|is cut off"),
    "fasttext, cut, packed": (gzip.compress(FASTTEXT[:110]), "is cut off: it ends at byte 110"),
    "fasttext, cut in the matrix": (FASTTEXT[:-60], r"matrix of 168 bytes is promised.*cut off"),
    "fasttext, matrix cut, packed": (gzip.compress(FASTTEXT[:-60]), "of 14 rows is cut off"),
    "fasttext, many words": (write_fasttext(n_entries=2**30), "1073741824 entries are promised"),
    "fasttext, negative": (write_fasttext(n_entries=-5), "entries cannot be"),
    "fasttext, large": (write_fasttext(shape=(2**40, 3)), "matrix of 13194139533312 bytes"),
    "fasttext, small": (write_fasttext(shape=(2, 3)), r"matrix of shape \(2, 3\) does not fit"),
    "fasttext, wide": (write_fasttext(shape=(5, 4)), r"matrix of shape \(5, 4\) does not fit"),
    "fasttext, version": (write_fasttext(version=13), "version 13 of fastText's format is unknown"),
    "fasttext, quantised": (write_fasttext(quantised=1), "quantised model of fastText"),
    "fasttext, pruned": (write_fasttext(pruned=0), "dictionary was pruned"),
    "fasttext, n-grams": (write_fasttext(max_n=10**6), "n-grams of 2 to 1000000 .* damaged"),
    "fasttext, NaN": (write_fasttext(list("abcd"), NAN), "rows of its matrix hold NaN"),
    "fasttext, no end of a word": (
        gzip.compress(write_fasttext([], VECTORS, n_entries=1)[:92] + b"a" * 5_000_000),
        "a word of the dictionary does not end",
    ),
    "gzip, cut": (gzip.compress(GLOVE * 99)[:-20], "compressed content is damaged or cut off"),
    "gzip, damaged": (
        gzip.compress(GLOVE)[:-8] + b"\0" * 8,
        "compressed content is damaged or cut off",
    ),
    "bzip2, cut": (bz2.compress(GLOVE)[:-9], "compressed content is damaged or cut off"),
    "xz, cut": (lzma.compress(GLOVE)[:-30], "compressed content is damaged or cut off"),
    "zip, cut": (zipped(("a", GLOVE))[:-30], "the archive is damaged or cut off"),
    "zip, empty": (zipped(), "the archive holds 0 files"),
    "a pickle": (pickle.dumps({"a": 1}), "a pickle, and opening a pickle runs code"),
    "a web page": (b"<!DOCTYPE html>\n<html>404</html>", "it is a web page or XML"),
    "XML": (b"<?xml version='1.0'?>\n<a/>", "it is a web page or XML"),
    "JSON": (json.dumps({"a": [1, 2]}).encode(), "it is JSON"),
    "an array": (b"\x93NUMPY\x01\x00v\x00", "array of NumPy, without words"),
    "Parquet": (b"PAR1\x15\x04\x15", "Parquet file: read it with pandas"),
    "a pointer of Git LFS": (b"version https://git-lfs.github.com/spec/v1\noid", "git lfs pull"),
    "tar": (tarred(GLOVE), "it is a tar archive"),
    "zstd": (b"\x28\xb5\x2f\xfd\x04\x00", "compressed by zstd"),
    "none of the words": (write_text(["x"], VECTORS[:1], header=True), "none of the 1 words"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_files_are_refused_with_the_reason(name, tmp_path):
    data, match = BROKEN[name]
    words = ["absent"] if name == "none of the words" else None
    with pytest.raises(ValueError, match=f"(?s)cannot be read as word vectors: .*{match}"):
        load(tmp_path, data, words=words)


BINARY_NAN = write_word2vec(["a", "b", "c", "d"], NAN)
REPAIRED = {
    "a word twice": (insert(3, b"a 9 9 9"), "abcd", r"1 row\(s\) repeat a word.*at line 3"),
    "NaN": (insert(3, b"x nan 1 2"), "abcd", r"1 row\(s\) with NaN or infinity.*at line 3"),
    "infinity": (insert(2, b"x inf 1 2"), "abcd", r"NaN or infinity.*at line 2"),
    "beyond float32": (insert(2, b"x 1e99 1 2"), "abcd", r"NaN or infinity.*at line 2"),
    "no word": (insert(4, b" 1 2 3"), "abcd", r"1 row\(s\) without a word.*at line 4"),
    "more words than told": (TEXT.replace(b"4 3", b"2 3"), "abcd", "promises 2 words.* are 4"),
    "other width than told": (TEXT.replace(b"4 3", b"4 7"), "abcd", "promises 7 features.* have 3"),
    "binary, a word twice": (
        write_word2vec(["a", "b", "a"], VECTORS[:3]),
        "ab",
        r"1 row\(s\) repeat a word.*at byte 32",
    ),
    "binary, NaN": (BINARY_NAN, ["a", "b", "d"], r"1 row\(s\) with NaN or infinity.*at byte 32"),
}


@pytest.mark.parametrize("name", REPAIRED)
def test_small_faults_are_repaired_with_a_warning(name, tmp_path):
    data, words, match = REPAIRED[name]
    with pytest.warns(UserWarning, match=match) as caught:
        vectors = load(tmp_path, data)
    assert vectors.words.tolist() == list(words)
    kept = [row for word, row in zip("abcd", VECTORS, strict=False) if word in words]
    np.testing.assert_array_equal(vectors.vectors, kept)
    assert len(caught) == 1
    assert caught[0].filename == __file__  # whoever called load


def test_words_may_have_spaces_in_them(tmp_path):
    data = insert(2, b". . . 1 2 3", insert(3, b"at name@example.org 4 5 6"))
    vectors = load(tmp_path, data)
    assert vectors.words.tolist() == ["a", ". . .", "b", "at name@example.org", "c", "d"]
    np.testing.assert_array_equal(vectors[". . ."], [1, 2, 3])


def test_words_may_be_numbers_and_hold_odd_characters(tmp_path):
    words = ["1", "2008", "<unk>", "{", "a\x85b", "a\u2028b", "a\xa0b", "\x1c", "nan"]
    table = np.arange(18, dtype=np.float32).reshape(9, 2)
    assert load(tmp_path, write_text(words, table)).words.tolist() == words
    # The first line could be a header, the second shows that it is none.
    assert load(tmp_path, b"5 4\na 2\n").words.tolist() == ["5", "a"]
    assert load(tmp_path, b"1 1\na 2\n").words.tolist() == ["a"]


def test_a_cut_file_can_be_read_up_to_the_cut(tmp_path):
    assert load(tmp_path, TEXT.replace(b"4 3", b"9 3"), max_words=4).words.tolist() == list("abcd")
    assert load(tmp_path, BINARY[:-5], max_words=3).words.tolist() == list("abc")


def test_folders_missing_files_and_devices_are_refused(tmp_path):
    with pytest.raises(IsADirectoryError):
        WordVectors.load(tmp_path)
    with pytest.raises(FileNotFoundError):
        WordVectors.load(tmp_path / "missing")
    with pytest.raises(ValueError, match="it is not a regular file"):
        WordVectors.load(os.devnull)


def test_an_open_file_is_no_path(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_bytes(GLOVE)
    with open(path) as file, pytest.raises(TypeError, match="'path' parameter of WordVec"):
        WordVectors.load(file.fileno())


def test_an_encrypted_archive_is_refused(tmp_path):
    data = bytearray(zipped(("a.txt", GLOVE)))
    data[6] |= 1  # the flags in the local header and in the directory
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(ValueError, match="the archive is encrypted"):
        load(tmp_path, bytes(data))


@pytest.mark.parametrize(
    ("params", "error", "match"),
    [
        ({"words": "good"}, TypeError, "'words' must be an iterable of str"),
        ({"words": [1]}, TypeError, "'words' must hold str. Got 1 of type int at position 0"),
        ({"max_words": 0}, ValueError, "'max_words' parameter of WordVectors.load must be an int"),
        ({"encoding": "utf-9"}, ValueError, "'encoding' .* must be one that Python knows"),
        ({"decode_error": "skip"}, ValueError, "'decode_error' parameter"),
        ({"progress": "yes"}, ValueError, "'progress' parameter"),
        ({"member": 1}, ValueError, "'member' parameter"),
    ],
)
def test_wrong_parameters_are_refused(params, error, match, tmp_path):
    with pytest.raises(error, match=match):
        load(tmp_path, GLOVE, **params)


def test_progress_is_shown_where_asked_for_alone(tmp_path, capsys):
    load(tmp_path, GLOVE)
    assert capsys.readouterr().err == ""
    load(tmp_path, GLOVE, progress=True)
    assert "vectors: 100%" in capsys.readouterr().err
    load(tmp_path, gzip.compress(BINARY), progress=True)
    assert "vectors: 100%" in capsys.readouterr().err


def test_memory_does_not_grow_with_what_a_header_promises(tmp_path):
    tracemalloc = pytest.importorskip("tracemalloc")
    broken = [
        gzip.compress(write_word2vec(header=(10**12, 3))),
        gzip.compress(write_fasttext(shape=(2**40, 3))),
        gzip.compress(write_fasttext(n_entries=2**30)[:100]),
    ]
    for data in broken:
        tracemalloc.start()
        try:
            with pytest.raises(ValueError, match="cut off"):
                load(tmp_path, data)
            assert tracemalloc.get_traced_memory()[1] < 20e6
        finally:
            tracemalloc.stop()


def test_words_of_a_long_file_take_memory_for_themselves_alone(tmp_path):
    tracemalloc = pytest.importorskip("tracemalloc")
    table = np.ones((20_000, 50), np.float32)
    data = write_text([f"w{i}" for i in range(20_000)], table)
    path = tmp_path / "vectors"
    path.write_bytes(data)
    assert len(data) > 4e6
    tracemalloc.start()
    try:
        assert len(WordVectors.load(path, words=["w19999"])) == 1
        assert tracemalloc.get_traced_memory()[1] < 8e6
    finally:
        tracemalloc.stop()


def test_the_header_of_a_model_is_of_the_size_that_struct_says():
    """The helper writes what the format says, counted by hand."""
    assert len(write_fasttext([], np.empty((0, 3)), max_n=0)) == (
        2 * 4 + 12 * 4 + 8 + (3 * 4 + 2 * 8) + 17 + struct.calcsize("<bqq") + 4
    )


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", ["glove", "word2vec text", "word2vec binary", "fasttext bin"])
def test_damage_anywhere_gives_vectors_or_a_clear_error(name, tmp_path):
    """Each file cut at each byte, and with each byte changed."""
    whole = FORMATS[name]
    changed = [whole[:n] for n in range(0, len(whole), 2)]
    rng = np.random.default_rng(0)
    for place in range(0, len(whole), 2):
        changed.append(whole[:place] + bytes([rng.integers(256)]) + whole[place + 1 :])
    n_refused = 0
    for data in changed:
        try:
            vectors = load(tmp_path, data)
        except ValueError as exc:
            n_refused += 1
            assert "cannot be read as word vectors: " in str(exc)
        else:
            assert np.isfinite(vectors.vectors).all()
            assert len(vectors) <= len(WORDS)
    assert len(changed) // 4 < n_refused < len(changed)
