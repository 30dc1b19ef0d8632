"""The program understands every setting that the deployments give it."""
import os
import re
import subprocess

import pytest
import yaml

import chart

# Nobody listens there.
NOWHERE = "postgres://reelgate@127.0.0.1:1/reelgate?connect_timeout=1"
MASTER_KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


def from_chart(root, tmp_path, name, **values):
    objects = chart.Chart(root / "deploy/helm/reelgate").render(tmp_path, store=NOWHERE, masterKey=MASTER_KEY, **values)
    [deployment] = [one for one in objects if one["kind"] == "Deployment" and one["metadata"]["name"] == name]
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    given = {"REELGATE_STORE": NOWHERE, "REELGATE_MASTER_KEY": MASTER_KEY}
    return container["args"], {one["name"]: one.get("value", given.get(one["name"])) for one in container["env"]}


def from_compose(root, tmp_path, name):
    compose = yaml.safe_load((root / "deploy/docker/compose.yaml").read_text("utf-8"))
    service = compose["services"][name]
    given = {"REELGATE_STORE": NOWHERE, "REELGATE_MASTER_KEY": MASTER_KEY}
    # What need not be set has its default.
    settings = {name: re.sub(r"\$\{\w+:-(.*)\}", r"\1", value) for name, value in service["environment"].items()}
    return service["command"], {**settings, **given}


def from_unit(root, tmp_path, role):
    """With every line of the file of settings that is only a proposal, but for the certificate that is not there."""
    lines = (root / "deploy/systemd/reelgate.env").read_text("utf-8").splitlines()
    proposed = dict(line[1:].split("=", 1) for line in lines if line.startswith("#REELGATE_"))
    del proposed["REELGATE_TLS_CERT"], proposed["REELGATE_TLS_KEY"]
    return [role], {**proposed, "REELGATE_STORE": NOWHERE, "REELGATE_MASTER_KEY": MASTER_KEY}


DEPLOYMENTS = {
    "chart, server": (from_chart, "video-server", {}),
    "chart, server with settings": (from_chart, "video-server", {"trustedProxies": ["10.0.0.0/8", "fd00::/8"],
                                                                 "publicUrl": "https://media.example.com",
                                                                 "environment": {"REELGATE_LOG": "debug"}}),
    "chart, worker": (from_chart, "video-worker", {}),
    "compose, server": (from_compose, "server-1", {}),
    "compose, worker": (from_compose, "worker-1", {}),
    "unit, server": (from_unit, "serve", {}),
    "unit, worker": (from_unit, "worker", {}),
}


@pytest.fixture(scope="module")
def started(root, program, tmp_path_factory):
    """All at once: each waits for seconds for the database."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("REELGATE_")}
    found = {}
    for deployment, (source, name, values) in DEPLOYMENTS.items():
        folder = tmp_path_factory.mktemp("settings")
        command, settings = source(root, folder, name, **values)
        # Other tests' servers may listen at the usual place; and what is not on loopback would want TLS.
        ours = {"REELGATE_LISTEN": "127.0.0.1:0", "REELGATE_SHARED_BUCKETS": str(folder)}
        settings = {key: ours.get(key, value) for key, value in settings.items()}
        found[deployment] = subprocess.Popen([program, *command, "--data", folder / "data"], env={**clean, **settings},
                                             stderr=subprocess.PIPE, text=True)
    yield found
    for process in found.values():
        process.kill()
        process.wait()


@pytest.mark.parametrize("deployment", DEPLOYMENTS)
def test_the_program_gets_as_far_as_its_store(started, deployment):
    """It ends for want of a database, and not for a setting."""
    _, said = started[deployment].communicate(timeout=60)
    assert started[deployment].returncode == 1 and "reelgate: opening the store" in said, said
