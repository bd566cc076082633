"""Model files that went wrong, by accident or on purpose, drawn at random from a good one."""

import hashlib
import json
import struct

START = b'{"__metadata__":{"sklearn_rnn":"{\\"sha256\\":\\"'


def sign(data):
    """Return a file with the checksum that fits its content, as an adversary would."""
    first = 8 + len(START)
    digest = hashlib.sha256(data[:first] + data[first + 64 :]).hexdigest()
    return data[:first] + digest.encode() + data[first + 64 :]


def take_apart(data):
    """Return the record in the metadata, the rest of the header, and the numbers."""
    (n,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + n])
    return json.loads(header.pop("__metadata__")["sklearn_rnn"]), header, data[8 + n :]


def put_together(record, header, numbers):
    """Return a signed file of any record, header and numbers."""
    text = record if isinstance(record, str) else json.dumps(record, separators=(",", ":"))
    header = {"__metadata__": {"sklearn_rnn": text}, **header}
    header = json.dumps(header, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    return sign(struct.pack("<Q", len(header)) + header + numbers)


def spoil(data, rng):
    """Return a file damaged without regard to its meaning."""
    kind = rng.choice(["flip", "truncate", "insert", "delete", "overwrite", "splice", "length"])
    place = rng.randrange(len(data))
    size = rng.choice([1, 1, 2, 8, rng.randrange(1, 500)])
    if kind == "flip":
        spoiled = bytearray(data)
        # Half of them in the header, which is the shorter part.
        header = 8 + struct.unpack("<Q", data[:8])[0]
        limit = rng.choice([len(data), min(header, len(data))])
        for _ in range(rng.choice([1, 1, 1, 2, 10])):
            spoiled[rng.randrange(limit)] ^= 1 << rng.randrange(8)
        return bytes(spoiled)
    if kind == "truncate":
        return data[: rng.choice([place, rng.randrange(200), len(data) - size])]
    if kind == "insert":
        return data[:place] + rng.choice([rng.randbytes(size), b" " * size]) + data[place:]
    if kind == "delete":
        return data[:place] + data[place + size :]
    if kind == "overwrite":
        return data[:place] + rng.randbytes(size) + data[place + size :]
    if kind == "splice":
        other = rng.randrange(len(data))
        return rng.choice([data[:place] + data[other:], data[other:] + data[:place], data + data])
    length = rng.choice([0, 1, len(data), 2**31, 2**63, 2**64 - 1, rng.getrandbits(64)])
    return struct.pack("<Q", length) + data[8:]


def forge(data, rng):
    """Return a file whose content was edited, with a checksum that fits."""
    record, header, numbers = take_apart(data)
    kind = rng.choice(["content", "content", "content", "record", "header", "numbers", "blind"])
    if kind == "content":
        for _ in range(rng.choice([1, 1, 2, 3])):
            record["content"] = _edit(record["content"], rng)
    elif kind == "record":
        edited = _edit({key: record[key] for key in record if key != "sha256"}, rng)
        # The checksum must stay in its place, or this is but another kind of damage.
        record = {"sha256": record["sha256"], **edited} if isinstance(edited, dict) else edited
    elif kind == "header":
        header = _edit(header, rng)
        header = header if isinstance(header, dict) else {"0": header}
    elif kind == "numbers":
        numbers = spoil(numbers, rng) if len(numbers) > 200 else b""
    else:
        spoiled = spoil(data, rng)
        return sign(spoiled) if len(spoiled) > 200 else spoiled
    if rng.random() < 0.02:
        return put_together(_deep_json(record, rng), header, numbers)
    return put_together(record, header, numbers)


def _deep_json(record, rng):
    """Return the record as text, with lists in lists deeper than any reader can follow."""
    depth = rng.choice([500, 5000, 200_000])
    return json.dumps({**record, "content": 0}, separators=(",", ":"))[:-2] + "[" * depth


def _edit(tree, rng):
    """Return a copy of a JSON tree with one node changed."""
    tree = json.loads(json.dumps(tree))
    nodes = list(_nodes(tree))
    if not nodes:
        return _strange_value([], rng)
    parent, key = rng.choice(nodes)
    kind = rng.choice(["replace", "replace", "delete", "copy", "rename", "scale"])
    if kind == "delete":
        del parent[key]
    elif kind == "copy":
        other_parent, other_key = rng.choice(nodes)
        parent[key] = json.loads(json.dumps(other_parent[other_key]))
    elif kind == "rename" and isinstance(parent, dict):
        parent[rng.choice(["", "__class__", "predict", "net_", "type", str(key) + "x"])] = (
            parent.pop(key)
        )
    elif kind == "scale" and type(parent[key]) in (int, float):
        parent[key] *= rng.choice([-1, 0, 2, 10**3, 10**9, 10**18])
    else:
        parent[key] = _strange_value(nodes, rng)
    return tree


def _strange_value(nodes, rng):
    strings = [parent[key] for parent, key in nodes if isinstance(parent[key], str)]
    return rng.choice(
        [
            *(None, True, False, 0, 1, -1, 2**31, 2**63, 10**30, 0.5, 1e308, "", "x", [], {}),
            *("cuda:0", "meta", "float32", "|O", "V8", "<U1000000000", "f4,(1000000000,)f8"),
            *([10**6, 10**6, 10**6], [0, 10**18], [-1], [[]] * 1000, "9" * 5000, "\ud800"),
            {"type": "nothing"},
            {"type": "estimator", "class": "os.system", "params": {}, "learned": {}, "choices": {}},
            {"type": "estimator", "class": "Pipeline", "params": {"steps": []}, "learned": {}},
            {"type": "device", "value": "cuda:99"},
            {"type": "frozenset", "items": [[1]]},
            {"type": "float", "value": "nan"},
            {"type": "scalar", "dtype": "<U1000000000", "value": "x"},
            {"type": "array", "dtype": "<U1000000", "shape": [1], "values": ["x"]},
            {"type": "array", "dtype": "|O", "shape": [1, 10**15], "values": [None]},
            {"type": "array", "dtype": "<f8", "shape": [10**15], "numbers": "0"},
            rng.choice(strings or [""]),
        ]
    )


def _nodes(tree):
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in items:
        yield tree, key
        if isinstance(value, (dict, list)):
            yield from _nodes(value)
