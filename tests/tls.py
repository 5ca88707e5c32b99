"""The handler's side of tarpit-tls(8), and its clients, for tests.

TARPIT_TLS is the program, KEYS a directory with certificate.pem and key.pem.
"""
import fcntl
import os
import select
import socket
import ssl
import struct
import subprocess
import termios
import threading
import time

PROGRAM = os.environ["TARPIT_TLS"]
KEYS = os.environ["KEYS"]
PATIENCE = 20


def files(directory=KEYS):
    return ["-c", f"{directory}/certificate.pem", "-k", f"{directory}/key.pem"]


def read_line(s):
    """One line without CRLF, octet by octet; '' at end-of-file."""
    line = b""
    while not line.endswith(b"\r\n"):
        octet = s.recv(1)
        if not octet:
            assert line == b"", line
            return ""
        line += octet
    return line[:-2].decode("ascii")


def read_exactly(s, length):
    data = bytearray()
    while len(data) < length:
        part = s.recv(min(65536, length - len(data)))
        assert part, f"end after {len(data)} octets"
        data += part
    return bytes(data)


def read_all(s):
    """Up to end-of-file, which in TLS is close_notify and nothing else."""
    data = bytearray()
    try:
        while part := s.recv(65536):
            data += part
    except ssl.SSLZeroReturnError:  # if we have sent ours
        pass
    return bytes(data)


def exchange(client, data, length):
    """Sends data and reads so many octets, at once. A thread for each would not
    do: there is one TLS state for both."""
    got = bytearray()
    client.setblocking(False)
    poll = select.poll()
    while data or len(got) < length:
        poll.register(client, select.POLLIN | (select.POLLOUT if data else 0))
        assert poll.poll(PATIENCE * 1000), "nothing moves"
        try:
            got += client.recv(65536)
        except ssl.SSLWantReadError:
            pass
        try:
            data = data[client.send(data[:16384]):] if data else data
        except ssl.SSLWantWriteError:
            pass
    return bytes(got)


def connection(buffers=None):
    """A TCP connection over loopback: client, server. The kernel holds more of
    what is on the way than any number that one could name; buffers limits it."""
    with socket.socket() as listener, socket.socket() as client:
        if buffers is not None:
            for s in listener, client:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffers)
                s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffers)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        client.connect(listener.getsockname())
        server, _ = listener.accept()
        client = client.dup()
    client.settimeout(PATIENCE)
    return client, server


def events(s, *wanted):
    """Waits until poll reports one of them."""
    poll = select.poll()
    mask = 0
    for event in wanted:
        mask |= event
    poll.register(s, mask)
    ready = poll.poll(PATIENCE * 1000)
    assert ready, "nothing happened"
    return ready[0][1]


def raw(client):
    """The client's connection without its TLS."""
    s = socket.socket(fileno=os.dup(client.fileno()))
    s.settimeout(PATIENCE)
    return s


def reset(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                 struct.pack("ii", 1, 0))
    s.close()


def close_notify(client):
    """Sends it, and does not wait for the other one."""
    client.setblocking(False)
    try:
        client.unwrap()
    except ssl.SSLWantReadError:
        pass
    client.settimeout(PATIENCE)


def number_from(s, request):
    return struct.unpack("i", fcntl.ioctl(s, request, b"\0" * 4))[0]


def unread(s):
    return number_from(s, termios.FIONREAD)


def context(**settings):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    c.check_hostname = False
    c.verify_mode = ssl.CERT_NONE
    c.set_ciphers("ALL:@SECLEVEL=0")
    for name, value in settings.items():
        setattr(c, name, value)
    return c


class Handler:
    """One tarpit-tls, and the local socket to it."""

    client_error = None

    def __init__(self, arguments=None, buffers=None, **options):
        self.local, other = socket.socketpair()
        if buffers is not None:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffers)
        self.local.settimeout(PATIENCE)
        self.process = subprocess.Popen(
            [PROGRAM] + (files() if arguments is None else arguments),
            stdin=other, stdout=subprocess.DEVNULL, **options)
        other.close()

    def line(self):
        return read_line(self.local)

    def give(self, client, message=b"T"):
        """Passes descriptors, and keeps none."""
        clients = client if isinstance(client, list) else [client]
        socket.send_fds(self.local, [message], [c.fileno() for c in clients])
        for c in clients:
            c.close()

    def take(self, buffers=None):
        """A client of its own; returns the client's end."""
        assert self.line() == "ready"
        client, server = connection(buffers)
        self.give(server)
        return client

    def shake(self, buffers=None, **settings):
        """A session. Returns the client's end."""
        tls = context(**settings).wrap_socket(
            self.take(buffers), suppress_ragged_eofs=False)
        self.announced = self.line()
        assert self.announced.startswith("tls "), self.announced
        return tls

    def refuse(self, begin):
        """begin() fails with the client's end. Returns the reason given."""
        client = self.take()
        try:
            begin(client)
        except OSError as error:
            self.client_error = error
        line = self.line()
        assert line.startswith("failed "), line
        assert self.line() == ""
        self.ends()
        return line[7:]

    def ends(self, status=0):
        """The process ends with this status; returns after how long."""
        begin = time.monotonic()
        got = self.process.wait(PATIENCE)
        assert got == status, got
        return time.monotonic() - begin


class Connected(Handler):
    """One that somebody else starts for each connection to a local socket."""

    def __init__(self, path):
        self.local = socket.socket(socket.AF_UNIX)
        self.local.settimeout(PATIENCE)
        self.local.connect(path)


def pattern(length):
    """Octets that do not repeat early."""
    return b"".join(i.to_bytes(4, "big") for i in range(length // 4))


def in_background(function, *arguments):
    result = []
    thread = threading.Thread(
        target=lambda: result.append(function(*arguments)))
    thread.start()

    def finish():
        thread.join(PATIENCE)
        assert result, "it failed or did not end"
        return result[0]
    return finish


def serve(answer):
    """A server that gives each client to a process of its own, and writes what
    answer makes of what came. Prints its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)

    def session(client):
        handler = Handler()
        assert handler.line() == "ready"
        handler.give(client)
        if handler.line().startswith("tls "):
            handler.local.sendall(answer(handler.local))
        handler.local.close()
        handler.process.wait()

    while True:
        client, _ = listener.accept()
        threading.Thread(target=session, args=[client], daemon=True).start()
