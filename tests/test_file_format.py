"""The file as bytes: format, checksum, version."""

import hashlib
import json
import os

import numpy as np
import pytest
import safetensors.numpy
from mutations import START, put_together, sign, take_apart

from sklearn_rnn._files.file_format import FORMAT, pack, read_container, unpack
from sklearn_rnn.exceptions import ModelFileError

ARRAYS = {
    "weight": np.arange(6, dtype=np.float32).reshape(2, 3).T,
    "empty": np.empty((0, 2)),
    "number": np.array(7),
}
GOOD = pack({"a": [1, "\ud800", None]}, ARRAYS)


def test_content_comes_back():
    content, arrays = unpack(GOOD)
    assert content == {"a": [1, "\ud800", None]}
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(arrays[name], array)
        assert arrays[name].dtype == array.dtype
        assert arrays[name].flags.writeable


def test_the_same_content_gives_the_same_bytes():
    assert pack({"a": [1, "\ud800", None]}, ARRAYS) == GOOD


def test_other_programs_can_read_it(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(GOOD)
    np.testing.assert_array_equal(
        safetensors.numpy.load_file(path)["weight"], [[0, 3], [1, 4], [2, 5]]
    )
    with safetensors.safe_open(path, "np") as file:
        record = json.loads(file.metadata()["sklearn_rnn"])
    assert record["format"] == FORMAT == 1
    assert record["versions"]["safetensors"] == safetensors.__version__


def test_checksum_is_that_of_all_other_bytes():
    first = 8 + len(START)
    assert GOOD[8:first] == START
    expected = hashlib.sha256(GOOD[:first] + GOOD[first + 64 :]).hexdigest()
    assert GOOD[first : first + 64].decode() == expected


def test_every_flipped_bit_is_noticed():
    for place in range(len(GOOD)):
        spoiled = bytearray(GOOD)
        spoiled[place] ^= 1 << place % 8
        with pytest.raises(ModelFileError):
            unpack(bytes(spoiled))


def test_every_truncation_is_noticed():
    for length in range(len(GOOD)):
        with pytest.raises(ModelFileError):
            unpack(GOOD[:length])


def test_what_is_appended_is_noticed():
    with pytest.raises(ModelFileError, match="damaged or incomplete"):
        unpack(GOOD + b" ")


@pytest.mark.parametrize("version", [2, 10**6])
def test_newer_format_is_told(version):
    record, *rest = take_apart(GOOD)
    with pytest.raises(ModelFileError, match=f"newer version of sklearn_rnn, in format {version}"):
        unpack(put_together({**record, "format": version}, *rest))


@pytest.mark.parametrize("version", [0, -1, "1", None, 1.5, [1]])
def test_format_of_no_version(version):
    record, *rest = take_apart(GOOD)
    with pytest.raises(ModelFileError, match="its format is"):
        unpack(put_together({**record, "format": version}, *rest))


def test_signing_a_good_file_changes_nothing():
    assert sign(GOOD) == put_together(*take_apart(GOOD)) == GOOD


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x",
        bytes(10_000),
        b"PK\x03\x04" + bytes(1000),
        safetensors.numpy.save({"weight": np.ones(3)}),
        safetensors.numpy.save({"weight": np.ones(3)}, {"format": "pt"}),
    ],
)
def test_other_files_are_refused(data, tmp_path):
    (tmp_path / "file").write_bytes(data)
    with pytest.raises(ModelFileError, match="not a model file"):
        read_container(tmp_path / "file")


def test_large_files_of_others_are_not_read(tmp_path):
    with open(tmp_path / "file", "wb") as file:
        file.truncate(2**40)  # takes no room on the disk, and would in memory
    with pytest.raises(ModelFileError, match="not a model file"):
        read_container(tmp_path / "file")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_pipes_are_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ModelFileError, match="not a regular file"):
        read_container(tmp_path / "pipe")


def test_what_cannot_be_read_at_all(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_container(tmp_path / "nothing")
    with pytest.raises(OSError):
        read_container(tmp_path)
