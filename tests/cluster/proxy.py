"""A way to a server that can be closed, reset, or made to swallow everything."""
import contextlib
import select
import socket
import struct
import threading

# Closing sends a reset at once.
RESET = struct.pack("ii", 1, 0)
CHUNK = 1 << 16


class Proxy:
    """Listens on a port of its own and passes bytes on to `target`, a port of this machine."""

    def __init__(self, target):
        self.target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._pairs = set()
        self._open = threading.Event()
        self._open.set()
        self._refuses = False
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self):
        """Resets all connections; new ones are passed on."""
        with self._lock:
            for pair in self._pairs:
                for end in pair:
                    reset(end)

    def refuse(self):
        """Resets all connections, and new ones at once, until `heal`."""
        self._refuses = True
        self.cut()

    def swallow(self):
        """From here on nothing gets through and nobody is told, until `heal`."""
        self._open.clear()

    def heal(self):
        self._refuses = False
        self._open.set()

    def close(self):
        self._listener.close()
        self.heal()
        self.cut()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._refuses:
                reset(client)
                continue
            threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client):
        try:
            self._open.wait()
            server = socket.create_connection(("127.0.0.1", self.target), 5)
        except OSError:
            reset(client)
            return
        pair = (client, server)
        for end in pair:
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            end.settimeout(None)
        with self._lock:
            self._pairs.add(pair)
        try:
            self._pass_on(client, server)
        except (OSError, ValueError):
            pass
        with self._lock:
            self._pairs.discard(pair)
        for end in pair:
            reset(end)

    def _pass_on(self, client, server):
        other = {client: server, server: client}
        while True:
            readable, _, _ = select.select([client, server], [], [])
            self._open.wait()
            for end in readable:
                data = end.recv(CHUNK)
                if not data:
                    return
                other[end].sendall(data)


def reset(end):
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        # Wakes whoever waits for it; closing alone would not.
        end.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(OSError):
        end.close()
