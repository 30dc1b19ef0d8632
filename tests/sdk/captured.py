"""Requests as they left a client, byte for byte, to be sent again."""
import http.client
import json
import re
import socket

REQUEST_LINE = re.compile(rb"[A-Z]+ /\S* HTTP/1\.1\r\n")


class Recorder:
    """Keeps the bytes of the last request that any client of this process sent."""

    def __init__(self, monkeypatch):
        self._sent = []
        send = http.client.HTTPConnection.send

        def recording(connection, data):
            if REQUEST_LINE.match(data):
                self._sent.clear()
            self._sent.append(bytes(data))
            return send(connection, data)
        monkeypatch.setattr(http.client.HTTPConnection, "send", recording)

    def __call__(self, call, *arguments, **parameters):
        """Runs a call: its answer, and the bytes of the last request that it sent."""
        answer = call(*arguments, **parameters)
        return answer, b"".join(self._sent)


def deliver(address, request):
    """Sends bytes on a connection of their own: the answer's status and JSON."""
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=120) as connection:
        connection.sendall(request)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return answer.status, json.loads(answer.read())
