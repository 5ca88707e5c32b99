"""Connections of strangers: none of them is a client that sends mail."""

import concurrent.futures
import contextlib
import os
import selectors
import socket
import struct
import time

TIMEOUT = 60
# Each may hold as many connections as systemd allows one address.
SOURCES = [f"127.0.{net}.{host}" for net in range(1, 6)
           for host in range(1, 201)]
OPENERS = 8
# Seconds after which no more are opened: the server decides how many come in.
PATIENCE = 15


class Refused(Exception):
    """The server closed the connection, or did not say what it should."""


def connect(port, source):
    connection = socket.socket()
    connection.settimeout(TIMEOUT)
    connection.bind((source, 0))
    connection.connect(("127.0.0.1", port))
    return connection


def expect(connection, code):
    """Reads one reply, all lines of it."""
    received = b""
    while not received.endswith(b"\r\n") or \
            received.splitlines()[-1][3:4] == b"-":
        octets = connection.recv(4096)
        if not octets:
            raise Refused(f"closed in place of {code}, after {received}")
        received += octets
    if not received.startswith(code):
        raise Refused(f"{received} in place of {code}")


def greeted(port, source):
    connection = connect(port, source)
    try:
        expect(connection, b"220")
    except (Refused, OSError):
        connection.close()
        raise
    return connection


def delayed(port, source):
    """A dialogue that has asked for an unknown recipient, and waits."""
    connection = greeted(port, source)
    connection.sendall(b"EHLO stranger.example.net\r\n")
    expect(connection, b"250")
    connection.sendall(b"MAIL FROM:<stranger@example.net>\r\n"
                       b"RCPT TO:<nobody@example.org>\r\n")
    expect(connection, b"250")
    return connection


def open_all(how, port, count, sources=None):
    """Returns the connections, and why others failed."""
    sources = sources or SOURCES
    end = time.monotonic() + PATIENCE

    def attempt(number):
        if time.monotonic() > end:
            return None
        try:
            return how(port, sources[number % len(sources)])
        except (Refused, OSError) as reason:
            return reason

    with concurrent.futures.ThreadPoolExecutor(OPENERS) as openers:
        results = list(openers.map(attempt, range(count)))
    return ([r for r in results if isinstance(r, socket.socket)],
            [r for r in results if isinstance(r, Exception)])


def close_all(connections, reset=False):
    for connection in connections:
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                  struct.pack("ii", 1, 0))
        connection.close()


def connect_and_close(port, count):
    """Returns how many it were."""
    end = time.monotonic() + PATIENCE
    for number in range(count):
        if time.monotonic() > end:
            return number
        connect(port, SOURCES[number % len(SOURCES)]).close()
    return count


def drip(connections, seconds):
    """A byte a second from each."""
    for number in range(seconds):
        begin = time.monotonic()
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.sendall(b"HELO stranger.example.net"[number:][:1])
        time.sleep(max(0, begin + 1 - time.monotonic()))


def send_garbage(connections, seconds):
    """As fast as the server takes it, from every second one without the end of
    a line; returns how many octets that were."""
    endless = os.urandom(65536).replace(b"\n", b"")
    garbage = [endless, endless + b"\r\n"]
    sent = 0
    end = time.monotonic() + seconds
    with selectors.DefaultSelector() as ready:
        for number, connection in enumerate(connections):
            # What waits here is memory of the test, not of the server.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
            connection.setblocking(False)
            ready.register(connection, selectors.EVENT_WRITE,
                           garbage[number % 2])
        while (left := end - time.monotonic()) > 0:
            for key, _ in ready.select(left):
                try:
                    sent += key.fileobj.send(key.data)
                except BlockingIOError:
                    pass
                except OSError:
                    ready.unregister(key.fileobj)
    return sent
