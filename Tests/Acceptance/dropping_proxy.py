"""A TCP relay that hands every request on, waits for its answer, and then loses every other answer."""

import socket
import threading


class DroppingProxy:
    """Takes one request a connection. A lost answer is one that the engine gave and the client never saw."""

    def __init__(self, host, upstream):
        self.upstream = upstream
        self.lock = threading.Lock()
        self.answers = 0
        self.lost = 0
        self.listener = socket.create_server((host, 0))
        self.address = f"{host}:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.relay, args=(client,), daemon=True).start()

    def relay(self, client):
        host, port = self.upstream.rsplit(":", 1)
        with client, socket.create_connection((host, int(port)), timeout=20) as engine:
            client.settimeout(20)
            engine.sendall(whole_message(client))
            answer = whole_message(engine)
            with self.lock:
                self.answers += 1
                is_lost = self.answers % 2 == 1
                self.lost += is_lost
            if not is_lost:
                head, body = answer.split(b"\r\n\r\n", 1)
                # The client opens a new connection for the next request, which decides anew.
                client.sendall(head + b"\r\nConnection: close\r\n\r\n" + body)

    def close(self):
        self.listener.close()


def whole_message(source):
    """A request or an answer with a Content-Length."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += received(source)
    head, body = data.split(b"\r\n\r\n", 1)
    fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:])
    while len(body) < int(fields[b"content-length"]):
        body += received(source)
    return head + b"\r\n\r\n" + body


def received(source):
    part = source.recv(65_536)
    if not part:
        raise ConnectionError("the other side closed in the middle of a message")
    return part
