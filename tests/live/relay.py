"""nginx with its RTMP module, as the place that streams come from and go to: on free ports, from a folder of its own."""
import pathlib
import re
import signal
import subprocess
import time
import xml.etree.ElementTree

import requests

import certificates
import children
from database import free_port

NGINX = "/usr/sbin/nginx"
START_SECONDS = 60

# One process without a master: what is frozen or killed is all of it. `in` and `out` are alike but for the record;
# without `idle_streams off` a reader of a stream that is not there would wait for ever.
CONFIGURATION = """
daemon off;
master_process off;
pid nginx.pid;
error_log error.log info;
load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
load_module /usr/lib/nginx/modules/ngx_stream_module.so;
events {{ worker_connections 512; }}
rtmp {{
    access_log off;
    server {{
        listen 127.0.0.1:{rtmp};
        chunk_size 4096;
        live on;
        idle_streams off;
        wait_video on;
        drop_idle_publisher 5s;
        application in {{ }}
        application out {{
            record all;
            record_path record;
            record_unique on;
        }}
        application closed {{ deny publish all; }}
        application segments {{
            hls on;
            hls_path hls;
            hls_fragment 1s;
            hls_playlist_length 10s;
        }}
    }}
}}
stream {{
    server {{
        listen 127.0.0.1:{rtmps} ssl;
        ssl_certificate cert.pem;
        ssl_certificate_key key.pem;
        proxy_pass 127.0.0.1:{rtmp};
    }}
}}
http {{
    access_log off;
    client_body_temp_path temp/body;
    proxy_temp_path temp/proxy;
    fastcgi_temp_path temp/fastcgi;
    uwsgi_temp_path temp/uwsgi;
    scgi_temp_path temp/scgi;
    types {{ application/vnd.apple.mpegurl m3u8; video/mp2t ts; }}
    server {{
        listen 127.0.0.1:{http};
        location /stat {{ rtmp_stat all; }}
        location /hls {{ root .; add_header Cache-Control no-cache; }}
    }}
}}
"""


class Relay:
    """A server that takes a stream from its publisher and gives it to readers, and records what comes to `out`."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.rtmp, self.rtmps, self.http = free_port(), free_port(), free_port()
        self.process = None
        for name in ("record", "hls", "temp", "logs"):
            (self.folder / name).mkdir(parents=True)
        # Nobody's authority signed it: who is to trust it is told of it.
        certificates.make(self.folder)
        self.certificate = self.folder / "cert.pem"
        text = CONFIGURATION.format(rtmp=self.rtmp, rtmps=self.rtmps, http=self.http)
        (self.folder / "nginx.conf").write_text(text, "utf-8")
        self._session = requests.Session()
        self._session.trust_env = False

    def start(self):
        with (self.folder / "stderr.log").open("ab") as output:
            command = [NGINX, "-p", str(self.folder), "-c", "nginx.conf", "-e", "error.log"]
            self.process = children.start(command, stdout=output, stderr=subprocess.STDOUT, cwd=self.folder)
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.streams()
                return self
            except requests.ConnectionError:
                assert self.process.poll() is None and time.monotonic() < deadline, self.log()[-3000:]
                time.sleep(0.02)

    def address(self, application, name):
        return f"rtmp://127.0.0.1:{self.rtmp}/{application}/{name}"

    def secure_address(self, application, name):
        """The same place by TLS."""
        return f"rtmps://127.0.0.1:{self.rtmps}/{application}/{name}"

    def playlist(self, name):
        """Where a stream that is published to `segments` is to be had in segments."""
        return f"http://127.0.0.1:{self.http}/hls/{name}.m3u8"

    def streams(self):
        """What goes through it now, by application and name."""
        answer = self._session.get(f"http://127.0.0.1:{self.http}/stat", timeout=60)
        root = xml.etree.ElementTree.fromstring(answer.text)
        found = {}
        for application in root.iter("application"):
            for stream in application.iter("stream"):
                name = (application.findtext("name"), stream.findtext("name") or "")
                found[name] = Passing(stream)
        return found

    def passing(self, application, name):
        """The stream while somebody publishes it, else `None`."""
        found = self.streams().get((application, name))
        return found if found and found.is_published else None

    def records(self, name):
        """What came to `out`: one file for each publisher, in their order."""
        return sorted((self.folder / "record").glob(f"{name}-*.flv"))

    def log(self):
        try:
            return (self.folder / "error.log").read_text("utf-8", "replace")
        except FileNotFoundError:
            return ""

    def publishers(self, name):
        """How many connections have published a stream, and how many were refused because one did."""
        lines = self.log().splitlines()
        came = {line_id(line) for line in lines if f"publish: name='{name}'" in line}
        refused = {line_id(line) for line in lines if "already publishing" in line}
        return len(came), len(came & refused)

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.kill()


class Passing:
    """A stream as the server's page of figures has it."""

    def __init__(self, element):
        clients = list(element.iter("client"))
        self.is_published = any(client.find("publishing") is not None for client in clients)
        self.readers = sum(client.find("publishing") is None for client in clients)
        self.bytes_in = int(element.findtext("bytes_in") or 0)
        video = element.find("meta/video")
        self.width = int(video.findtext("width") or 0) if video is not None else 0
        self.height = int(video.findtext("height") or 0) if video is not None else 0


def line_id(line):
    """Which connection a line of the log is about."""
    return re.search(r" \*(\d+) ", line).group(1)
