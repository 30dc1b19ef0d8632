"""A small RTSP server, which Debian has none of: it sends what an FFmpeg makes to everybody, inside their connections."""
import pathlib
import socket
import threading
import time

import children

# What a stream's packets are told apart by: the first track is the picture.
TRACKS = ("v", "a")


class RtspServer:
    """Gives everybody who asks a clip, again and again and as fast as it plays."""

    def __init__(self, clip, folder, log):
        self._udp = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in TRACKS]
        sdp = pathlib.Path(folder) / "stream.sdp"
        outputs = []
        for track, receiver in zip(TRACKS, self._udp):
            receiver.bind(("127.0.0.1", 0))
            # Reports go to the next port, which is of no interest here.
            port = receiver.getsockname()[1]
            outputs += ["-map", f"0:{track}", "-c", "copy", "-f", "rtp", f"rtp://127.0.0.1:{port}?rtcpport=9"]
        command = ["ffmpeg", "-v", "error", "-nostdin", "-re", "-stream_loop", "-1", "-i", str(clip),
                   *outputs, "-sdp_file", str(sdp)]
        with pathlib.Path(log).open("ab") as output:
            self._sender = children.start(command, stdout=output, stderr=output)
        deadline = time.monotonic() + 60
        while not (sdp.exists() and sdp.read_text("utf-8").count("m=") == len(TRACKS)):
            assert time.monotonic() < deadline and self._sender.poll() is None, "there is no description"
            time.sleep(0.02)
        self._description = described(sdp.read_text("utf-8"))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._lock, self._players = threading.Lock(), {}
        for track, receiver in enumerate(self._udp):
            threading.Thread(target=self._send, args=(track, receiver), daemon=True).start()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _send(self, track, receiver):
        while True:
            try:
                packet = receiver.recv(65536)
            except OSError:
                return
            with self._lock:
                players = list(self._players.items())
            for connection, channels in players:
                if track in channels:
                    frame = bytes([0x24, channels[track]]) + len(packet).to_bytes(2, "big") + packet
                    try:
                        connection.sendall(frame)
                    except OSError:
                        self._forget(connection)

    def _serve(self, connection):
        channels = {}
        try:
            for method, address, headers in requests_of(connection):
                more, body = {}, b""
                if method == "OPTIONS":
                    more = {"Public": "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN"}
                elif method == "DESCRIBE":
                    body = self._description
                    more = {"Content-Type": "application/sdp", "Content-Base": f"{address.rstrip('/')}/"}
                elif method == "SETUP" and "interleaved=" not in headers.get("transport", ""):
                    answer(connection, headers, "461 Unsupported Transport", {}, b"")
                    continue
                elif method == "SETUP":
                    first = int(headers["transport"].split("interleaved=")[1].split("-")[0])
                    channels[int(address.rstrip("/")[-1])] = first
                    more = {"Transport": f"RTP/AVP/TCP;unicast;interleaved={first}-{first + 1}", "Session": "1"}
                elif method == "PLAY":
                    more = {"Session": "1", "Range": "npt=0-"}
                answer(connection, headers, "200 OK", more, body)
                if method == "PLAY":
                    with self._lock:
                        self._players[connection] = channels
                if method == "TEARDOWN":
                    break
        except OSError:
            pass
        self._forget(connection)

    def _forget(self, connection):
        with self._lock:
            self._players.pop(connection, None)
        connection.close()

    def stop(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        if self._sender.poll() is None:
            self._sender.kill()
            self._sender.wait()
        for receiver in self._udp:
            receiver.close()
        with self._lock:
            players = list(self._players)
        for connection in players:
            self._forget(connection)


def described(sdp):
    """FFmpeg's description of where it sends, as one of tracks that are asked for by number."""
    lines, track = [], 0
    for line in sdp.splitlines():
        if line.startswith("SDP:") or not line:
            continue
        if line.startswith("m="):
            kind, _, rest = line.split(" ", 2)
            line = f"{kind} 0 {rest}"
            lines += [line, f"a=control:track{track}"]
            track += 1
            continue
        lines.append(line)
    return ("\r\n".join(lines) + "\r\n").encode()


def requests_of(connection):
    """Method, address and headers of each request; packets of reports between them are passed over."""
    file = connection.makefile("rb")
    while True:
        first = file.read(1)
        if not first:
            return
        if first == b"$":
            head = file.read(3)
            file.read(int.from_bytes(head[1:], "big"))
            continue
        line = (first + file.readline()).decode().strip()
        if not line:
            continue
        headers = {}
        while text := file.readline().decode().strip():
            name, _, value = text.partition(":")
            headers[name.lower()] = value.strip()
        method, address, _ = line.split(" ", 2)
        yield method, address, headers


def answer(connection, headers, status, more, body):
    fields = {"CSeq": headers.get("cseq", "0"), **more}
    if body:
        fields["Content-Length"] = len(body)
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    connection.sendall(f"RTSP/1.0 {status}\r\n{head}\r\n".encode() + body)
