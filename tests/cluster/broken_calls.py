"""Calls whose connections break at a known place."""
import http.client
import json
import socket

from proxy import reset

# In the middle of the request, right behind it, and when the answer has come and nobody has read it.
PLACES = ("within", "behind", "unread")


def send(address, target, place=None, seconds=20):
    """The status and the body of the answer to a GET. The connection breaks at the place, if one is named: then
    what is known is the status of an answer that came, and no body."""
    host, port = address.rsplit(":", 1)
    request = f"GET {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n".encode()
    connection = socket.create_connection((host, int(port)), seconds)
    try:
        connection.settimeout(seconds)
        connection.sendall(request[:len(request) // 2] if place == "within" else request)
        if place is None:
            response = http.client.HTTPResponse(connection)
            response.begin()
            return response.status, json.loads(response.read())
        if place == "unread":
            # "HTTP/1.1 200", which stays where it is.
            line = connection.recv(12, socket.MSG_PEEK | socket.MSG_WAITALL)
            return int(line[9:12] or 0), None
        return 0, None
    finally:
        reset(connection)
