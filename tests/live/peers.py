"""Those who send streams and those who take them, well behaved and not. Each is a process or a thread of this one."""
import http.server
import os
import pathlib
import random
import signal
import socket
import subprocess
import threading
import time

import children
import processes


class Ffmpeg:
    """An FFmpeg of the tests' own."""

    def __init__(self, arguments, log):
        self.log = pathlib.Path(log)
        with self.log.open("ab") as output:
            command = ["ffmpeg", "-hide_banner", "-nostdin", "-nostats", *map(str, arguments)]
            self.process = children.start(command, stdout=output, stderr=subprocess.STDOUT)

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def end(self):
        """Asks it to end, as somebody does who stops a broadcast."""
        self.process.terminate()
        self.process.wait()

    def is_running(self):
        return self.process.poll() is None

    def stop(self):
        if self.is_running():
            self.kill()

    def said(self):
        return self.log.read_text("utf-8", "replace")


def publisher(clip, to, log, codec=("-c", "copy"), live=True):
    """Sends a clip again and again, as fast as it plays."""
    kind = "mpegts" if to.startswith("srt:") else "flv"
    more = ["-listen", "1"] if to.startswith("http:") else []
    pace = ["-re", "-stream_loop", "-1"] if live else []
    return Ffmpeg([*pace, "-i", clip, "-map", "0", *codec, "-f", kind, *more, to], log)


def reader(source, to, log):
    """Takes a stream to its end, as it is, into a file."""
    quick = ["-analyzeduration", "1000000", "-rw_timeout", "60000000"] if source.startswith("rtmp:") else []
    return Ffmpeg([*quick, "-i", source, "-map", "0", "-c", "copy", "-y", to], log)


class Restless:
    """A publisher that is gone a second after it has come, and comes again."""

    def __init__(self, clip, to, log, seconds=1):
        line = (f"while :; do timeout -s KILL {seconds} ffmpeg -v error -nostdin -re -i '{clip}' -c copy -f flv '{to}'; "
                "sleep 0.3; done")
        with pathlib.Path(log).open("ab") as output:
            self.process = children.start(["sh", "-c", line], stdout=output, stderr=subprocess.STDOUT)

    def stop(self):
        if self.process.poll() is None:
            below = processes.below(self.process.pid)
            for one in [self.process.pid, *below]:
                try:
                    os.kill(one, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self.process.wait()


class Door:
    """A port where somebody answers in a way of their own: `greet` gets each connection, in a thread of its own."""

    def __init__(self, greet):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.callers = 0
        self._open = []
        self._greet = greet
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.callers += 1
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            self._greet(connection)
        except OSError:
            pass

    def stop(self):
        # Closing alone does not wake the thread that waits in accept.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            connection.close()


def silent(connection):
    """Takes all that comes and says nothing."""
    while connection.recv(65536):
        pass


def deaf(connection):
    """Neither says nor takes anything."""
    threading.Event().wait(600)
    connection.close()


def rubbish(connection):
    """Says what nobody understands, without an end."""
    chance = random.Random(1)
    while True:
        connection.sendall(chance.randbytes(4096))
        time.sleep(0.005)


def leaving(connection):
    """Goes as soon as somebody comes."""
    connection.close()


class FlvServer:
    """Gives everybody who asks a clip as FLV, again and again and as fast as it plays."""

    def __init__(self, clip):
        command = ["ffmpeg", "-v", "error", "-nostdin", "-re", "-stream_loop", "-1", "-i", str(clip), "-c", "copy",
                   "-f", "flv", "-"]

        class Answer(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "video/x-flv")
                self.end_headers()
                # It ends by the pipe that nobody reads, also when the tests are killed.
                sender = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
                try:
                    while chunk := sender.stdout.read1(65536):
                        self.wfile.write(chunk)
                except OSError:
                    pass
                finally:
                    sender.kill()
                    sender.wait()
                    sender.stdout.close()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


class SrtToFile:
    """SRT's own program, which keeps what somebody sends it."""

    def __init__(self, port, to, log):
        with pathlib.Path(to).open("wb") as output, pathlib.Path(log).open("ab") as said:
            command = ["srt-live-transmit", "-q", f"srt://127.0.0.1:{port}?mode=listener", "file://con"]
            self.process = children.start(command, stdout=output, stderr=said)

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
