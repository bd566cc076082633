"""Clients that ask a service again as soon as it has answered, in a process of their own.

Sockets and nothing else: a client library would take as long as the service does.
"""

import json
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from time import perf_counter

TIMEOUT = 10  # seconds without an answer


def encode_request(documents):
    """Return the bytes of a request for the probabilities of some documents."""
    body = json.dumps({"documents": documents}).encode()
    head = (
        "POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def read_answer(stream):
    """Return the body of an answer; raise RuntimeError if it is an error."""
    status, length = stream.readline(), 0
    while line := stream.readline().strip():
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    body = stream.read(length)
    if status.split()[1:2] != [b"200"]:
        raise RuntimeError(f"the service answered {status!r} {body!r}")
    return body


def ask(port, requests, duration):
    """Ask over one connection for some seconds; return the seconds of each answer."""
    seconds = []
    with (
        socket.create_connection(("127.0.0.1", port), TIMEOUT) as connection,
        connection.makefile("rb") as answers,
    ):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stop = perf_counter() + duration
        place = 0
        while (start := perf_counter()) < stop:
            connection.sendall(requests[place % len(requests)])
            read_answer(answers)
            seconds.append(perf_counter() - start)
            place += 1
    return seconds


def ask_from_many(port, documents, size, n_clients, duration):
    """Return the seconds of all answers to clients that ask at the same time.

    Parameters
    ----------
    port : int
        Where the service listens on this machine.
    documents : list of str
        What to ask about, over and over.
    size : int
        Documents in a request.
    n_clients : int
        Connections.
    duration : float
        Seconds to ask for.

    Returns
    -------
    seconds : list of float
    """
    batches = [documents[first : first + size] for first in range(0, len(documents), size)]
    requests = [encode_request(batch) for batch in batches if len(batch) == size]
    with ThreadPoolExecutor(n_clients) as pool:
        asking = [
            pool.submit(ask, port, list(islice(requests, i, None, n_clients)), duration)
            for i in range(n_clients)
        ]
        return [each for future in asking for each in future.result()]


if __name__ == "__main__":
    question = json.load(sys.stdin)
    print(json.dumps(ask_from_many(**question)))
