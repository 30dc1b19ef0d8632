"""Uploads by URL while the service is killed: nothing half registered, nothing twice, nothing left behind."""
import contextlib
import json
import socket
import socketserver
import struct
import threading
import time
import urllib.parse

import harness
import mps
import vod

CLIP = "bbb_sar64x45_bpyramid.mp4"
TEMPLATE = {
    "TemplateName": "small", "Definition": "LD", "Container": {"Format": "mp4"},
    "Video": {"Codec": "H.264", "Width": "160", "Bitrate": "100", "Preset": "veryfast"},
    "Audio": {"Codec": "AAC", "Bitrate": "32"},
}
# More than is fetched again sooner than it is noted.
LARGE_BYTES = 32 << 20
FETCHED_AGAIN_BYTES = 8 << 20
# What was sent and lay in the buffers of both ends of a connection, where the one who was killed had not read it.
UNREAD_BYTES = 8 << 20
UPLOADS = 4


def is_fetching(home):
    return any(home.glob("fetched/*/pulled.state"))


def is_staged(home):
    return any(home.glob("buckets/*/media/.reelgate/staged/*/vod/*/source.mp4"))


def is_named(home):
    return any(home.glob("buckets/*/media/vod/*/source.mp4"))


MOMENTS = {"fetching": is_fetching, "staged": is_staged, "named": is_named}


@contextlib.contextmanager
def counting_web(content):
    """A web server that goes on where it is asked to: its address, and a list with the bytes it has sent."""
    sent = []

    class Answering(socketserver.StreamRequestHandler):
        def setup(self):
            # Else this end holds several megabytes that count as sent.
            self.request.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 18)
            super().setup()

        def handle(self):
            while self.rfile.readline().strip():
                begin, end = 0, len(content) - 1
                for line in iter(self.rfile.readline, b"\r\n"):
                    if not line:
                        return
                    name, _, value = line.decode("latin-1").partition(":")
                    if name.lower() == "range":
                        first, _, last = value.strip().removeprefix("bytes=").partition("-")
                        begin, end = int(first), int(last or end)
                part = content[begin:end + 1]
                self.wfile.write((
                    f"HTTP/1.1 206 Partial Content\r\nContent-Length: {len(part)}\r\n"
                    f"Content-Range: bytes {begin}-{end}/{len(content)}\r\nETag: \"one\"\r\n"
                    "Content-Type: video/mp4\r\n\r\n").encode("latin-1"))
                for at in range(0, len(part), 1 << 18):
                    piece = part[at:at + (1 << 18)]
                    self.wfile.write(piece)
                    sent.append(len(piece))

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

        def handle_error(self, request, client_address):
            pass  # Who is killed hangs up.

    server = Server(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", sent
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def padded(media):
    """A clip with a box at its end that players pass over."""
    content = (media / CLIP).read_bytes()
    free = LARGE_BYTES - len(content)
    return content + struct.pack(">I4s", free, b"free") + bytes(free - 8)


@contextlib.contextmanager
def killed_at(program, directory, content, moment):
    """A service that was killed when the moment came, and started again: it, its uploads, and what was sent."""
    options = ["--allow-private-network", "127.0.0.1"]
    directory.mkdir()
    with counting_web(content) as (web, sent):
        running = harness.Server.start(program, directory, options=options)
        try:
            harness.lift_limits(running)
            client = vod.NewVod(running)
            group = client.call("AddTranscodeTemplateGroup", Name=moment,
                                TranscodeTemplateList=json.dumps([TEMPLATE]))["TranscodeTemplateGroupId"]
            urls = [urllib.parse.quote(f"{web}/{number}.mp4", safe="") for number in range(UPLOADS)]
            jobs = client.call("UploadMediaByURL", UploadURLs=",".join(urls), TemplateGroupId=group)["UploadJobs"]
            deadline = time.monotonic() + mps.WAIT_SECONDS
            while not MOMENTS[moment](running.data):
                assert time.monotonic() < deadline, f"{moment} never came"
                time.sleep(0.0005)
        finally:
            running.kill()
        running = harness.Server.start(program, directory, options=options)
        try:
            yield running, [job["JobId"] for job in jobs], sent
        finally:
            running.kill()


def leftovers(home):
    folders = [*home.glob("fetched"), *home.glob("scratch"), *home.glob("buckets/*/media/.reelgate/staged")]
    return [path for folder in folders for path in folder.iterdir()]


def check(running, jobs, sent):
    client = vod.NewVod(running)
    infos = [vod.uploaded(client, job) for job in jobs]
    assert [info["Status"] for info in infos] == ["SUCCESS"] * UPLOADS, infos
    videos = [info["MediaId"] for info in infos]
    assert len(set(videos)) == UPLOADS
    listed = client.call("GetVideoList")
    assert sorted(it["VideoId"] for it in listed["VideoList"]["Video"]) == sorted(videos)
    deadline = time.monotonic() + mps.WAIT_SECONDS
    for video in videos:
        while True:
            task, = client.call("ListTranscodeTask", VideoId=video)["TranscodeTaskList"]
            if task["TaskStatus"].startswith("Complete"):
                break
            assert time.monotonic() < deadline, task
            time.sleep(mps.POLL_SECONDS)
        assert task["TaskStatus"] == "CompleteAllSucc"
        task = client.call("GetTranscodeTask", TranscodeTaskId=task["TranscodeTaskId"])["TranscodeTask"]
        assert len(task["TranscodeJobInfoList"]) == 1
        files = sorted(path.suffix for path in running.data.glob(f"buckets/*/media/vod/{video}/*"))
        assert files == [".jpg", ".mp4", ".mp4"]
        source, = running.data.glob(f"buckets/*/media/vod/{video}/source.mp4")
        assert source.stat().st_size == LARGE_BYTES
    again = sum(sent) - UPLOADS * LARGE_BYTES
    # Two were under way: each may have lost what it had not written yet.
    assert again <= 2 * (FETCHED_AGAIN_BYTES + UNREAD_BYTES), f"{again} bytes were fetched again"
    while leftovers(running.data):
        assert time.monotonic() < deadline, leftovers(running.data)
        time.sleep(mps.POLL_SECONDS)


def test_uploads_are_finished_once_whenever_the_service_is_killed(program, tmp_path, media):
    content = padded(media)
    with contextlib.ExitStack() as stack:
        # Side by side, because most of the time each waits for a lease to run out.
        killed = [stack.enter_context(killed_at(program, tmp_path / moment, content, moment)) for moment in MOMENTS]
        for running, jobs, sent in killed:
            check(running, jobs, sent)
