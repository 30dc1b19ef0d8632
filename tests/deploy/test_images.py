"""The Dockerfile and the compose file are well formed, and their health check tells a ready server from another.
No image is built here: that needs a container engine and the network."""
import json
import pathlib
import re
import socket
import subprocess
import sys

import pytest
import yaml
from compose_spec import PyCompose

import running


@pytest.fixture
def folder(root):
    return root / "deploy/docker"


def test_the_dockerfile_passes_a_linter(folder):
    linter = pathlib.Path(sys.executable).with_name("hadolint")
    found = subprocess.run([linter, "--failure-threshold", "style", folder / "Dockerfile"],
                           capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + found.stderr


def test_the_image_is_built_of_what_is_sent_to_its_builder(folder, root):
    listed = (folder / "Dockerfile.dockerignore").read_text("utf-8").split()
    sent = {line[1:] for line in listed if line.startswith("!")}
    assert listed[0] == "*"
    for pattern in sent:
        assert list(root.glob(pattern)), pattern
    members = re.search(r"^members = \[(.*?)\]", (root / "Cargo.toml").read_text("utf-8"), re.S | re.M)[1]
    for member in re.findall(r'"([^"]+)"', members):
        assert member.split("/")[0] in sent, f"{member} is a part of the workspace and is not sent"


def check_compose(compose):
    PyCompose.from_json(json.dumps(compose)).validate()


def test_the_compose_file_fits_its_schema(folder):
    compose = yaml.safe_load((folder / "compose.yaml").read_text("utf-8"))
    check_compose(compose)
    compose["services"]["database"]["helthcheck"] = {}
    with pytest.raises(ValueError):
        check_compose(compose)


def test_the_compose_file_has_two_servers_and_two_workers_on_one_database(folder):
    compose = yaml.safe_load((folder / "compose.yaml").read_text("utf-8"))
    services = compose["services"]
    commands = sorted(one["command"][0] for one in services.values() if "command" in one)
    assert commands == ["serve", "serve", "worker", "worker"]
    for one in services.values():
        assert set(one.get("depends_on", {})) <= set(services)
        named = {volume.split(":")[0] for volume in one["volumes"]}
        assert named <= set(compose["volumes"])
    assert (folder / services["server-1"]["build"]["context"] / services["server-1"]["build"]["dockerfile"]).exists()
    stores = {one["environment"]["REELGATE_STORE"] for one in services.values() if "command" in one}
    assert len(stores) == 1


def health_check(folder, port):
    """Runs what the image's HEALTHCHECK runs, on this port."""
    text = (folder / "Dockerfile").read_text("utf-8")
    command = json.loads(re.search(r"HEALTHCHECK.*?CMD (\[.*?\])\n", text, re.S)[1])
    return subprocess.run([word.replace("8470", str(port)) for word in command], capture_output=True).returncode


def test_the_health_check_passes_for_a_server_that_is_ready_only(folder, program, tmp_path):
    with running.server([program], tmp_path) as native:
        assert health_check(folder, native.address.rpartition(":")[2]) == 0
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        answer = b"HTTP/1.1 503 Service Unavailable\r\n\r\n"
        checking = subprocess.Popen([sys.executable, "-c",
            "import socket,sys; s=socket.socket(fileno=int(sys.argv[1])); c,_=s.accept(); c.recv(999);"
            f"c.sendall({answer!r}); c.close()", str(silent.fileno())], pass_fds=[silent.fileno()])
        assert health_check(folder, port) != 0
        checking.wait(10)
    assert health_check(folder, port) != 0
