"""Product vod through either SDK generation, and a web server that uploads come from."""
import contextlib
import functools
import http.server
import threading
import time

import mps
import products

UNKNOWN = "0123456789abcdef0123456789abcdef"
ENDED = {"SUCCESS", "DOWNLOAD_FAIL", "UPLOAD_FAIL"}


class NewVod(products.New):
    package, shapes = "alibabacloud_vod20170321", "vod.json"


class OldVod(products.Old):
    package, shapes = "aliyunsdkvod.request.v20170321", "vod.json"


GENERATIONS = {"new": NewVod, "old": OldVod}


def uploaded(vod, job):
    """What is known of an upload once it has ended."""
    deadline = time.monotonic() + mps.WAIT_SECONDS
    while True:
        info, = vod.call("GetURLUploadInfos", JobIds=job)["URLUploadInfoList"]
        if info["Status"] in ENDED:
            return info
        assert time.monotonic() < deadline, info
        time.sleep(mps.POLL_SECONDS)


@contextlib.contextmanager
def web(folder):
    """A web server on loopback that serves a folder: its address."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
