"""Where secrets are not: neither in the database nor in the log at its most talkative."""
import base64
import json
import urllib.parse

import pytest
import requests

import access
import harness
import mps
import signing
import sts as product
from access import statement

PASSWORD = "a-password-that-is-nowhere-else"


class Secrets:
    """What was shown or said once, by name."""

    def __init__(self):
        self.known = {}

    def keep(self, name, secret):
        assert len(secret) > 12, name
        self.known[f"{name} {len(self.known)}"] = secret
        return secret

    def account(self, credentials):
        for name in ("access_key_secret", "api_key", "iam_password"):
            self.keep(name, credentials[name])

    def seen(self, seen):
        for name in ("access_key_secret", "security_token"):
            if name in seen.credentials:
                self.keep(name, seen.credentials[name])
        return seen

    def found_in(self, content):
        """The names of secrets that some bytes hold, in one of the forms that programs write."""
        return [name for name, secret in self.known.items()
                for form in forms(secret) if form in content]


def forms(secret):
    raw = secret.encode()
    encoded = {urllib.parse.quote(secret, safe="").encode(), urllib.parse.quote_plus(secret).encode(),
               json.dumps(secret)[1:-1].encode()}
    # What stands in the middle of base64 is the same in any of its three alignments but for the ends.
    inside = {base64.b64encode(b"x" * at + raw)[4:-4] for at in (1, 2, 3)}
    return {raw, raw.hex().encode(), raw.hex().upper().encode()} | encoded | inside


@pytest.fixture(scope="module")
def used(program, tmp_path_factory):
    """A server that logs everything, after every kind of secret was made and used there; and these secrets."""
    directory = tmp_path_factory.mktemp("secrets")
    running = harness.Server.start(program, directory, slots=0, variables={"REELGATE_LOG": "trace"})
    secrets = Secrets()
    secrets.account(running.credentials)
    try:
        use(access.Operator(program, running, directory), running, secrets)
        yield running, secrets
        # Once more by a clean end, which writes what was still in memory.
        running.stop()
        check_files(running, secrets)
    finally:
        if running.process.poll() is None:
            running.kill()


def use(operator, running, secrets):
    shapes = harness.Shapes()
    account = operator.account()
    secrets.account(account.credentials)
    user = operator.user(statement("*"))
    secrets.seen(user.seen)
    rotated = operator.read("key", "rotate", user.key, "--overlap", 600)
    secrets.keep("rotated", rotated["secret"])
    native = operator.read("key", "create", "--kind", "api", "--user", user.name)["secret"]
    secrets.keep("api key", native)
    operator.run("user", "set-password", user.name, "--password-file", "-",
                 said=secrets.keep("password", PASSWORD))
    role = operator.role(access.trust(user.arn), statement("*"))
    for generation in ("new", "old"):
        answer = product.GENERATIONS[generation](user.seen).call("AssumeRole", RoleArn=role,
                                                                 RoleSessionName="nightly")
        session = secrets.seen(product.seen(running, answer))
        for mts in mps.GENERATIONS.values():
            for seen in (running, account, user.seen, session):
                mts(seen, shapes).call("SearchPipeline")
                mts(access.Seen(seen.address, {**seen.credentials, "access_key_secret": "wrong"}),
                    shapes).refused("SearchPipeline")
        token = session.credentials["security_token"]
        wire = signing.Wire(session)
        assert wire.v1("SearchPipeline", SecurityToken=token).status == 200
        assert wire.v1("SearchPipeline", SecurityToken=token, Signature="no").status == 400
        assert wire.v3("SearchPipeline", x_acs_security_token=token).status == 200
    by_key(running, native)
    huawei(running, secrets)
    operator.run("master-key", "rotate")
    for line in (running.data / "master.key").read_text("utf-8").splitlines():
        if not line.startswith("#"):
            secrets.keep("master key", line.split()[0])


def by_key(running, key):
    """The native API, also with a key that is nearly right, and by scheme names that nobody expects."""
    for header in (f"Bearer {key}", f"Bearer {key}x", f"Basic {key}", key):
        requests.get(f"http://{running.address}/api/v1/jobs", timeout=120, headers={"Authorization": header})


def huawei(running, secrets):
    """Tokens of the project-based APIs by password, and temporary keys by token."""
    address = f"http://{running.address}"
    credentials = running.credentials
    user = {"name": credentials["iam_user"], "domain": {"name": credentials["account_id"]}}

    def token(password):
        return requests.post(f"{address}/v3/auth/tokens", timeout=120, json={"auth": {
            "identity": {"methods": ["password"], "password": {"user": {**user, "password": password}}},
            "scope": {"domain": {"name": credentials["account_id"]}}}})

    assert token(credentials["iam_password"] + "-wrong").status_code == 401
    answer = token(credentials["iam_password"])
    assert answer.status_code == 201, answer.text
    held = {"X-Auth-Token": secrets.keep("token", answer.headers["X-Subject-Token"])}
    requests.get(f"{address}/v3/projects", timeout=120, headers=held).raise_for_status()
    answer = requests.post(f"{address}/v3.0/OS-CREDENTIAL/securitytokens", timeout=120, headers=held, json={
        "auth": {"identity": {"methods": ["token"], "token": {"duration_seconds": 900}}}})
    assert answer.status_code == 201, answer.text
    secrets.keep("temporary secret", answer.json()["credential"]["secret"])
    secrets.keep("temporary token", answer.json()["credential"]["securitytoken"])
    requests.delete(f"{address}/v3/auth/tokens", timeout=120,
                    headers={**held, "X-Subject-Token": held["X-Auth-Token"]})


def check_files(running, secrets):
    files = [path for path in running.data.rglob("*") if path.is_file()]
    assert {"reelgate.db", "credentials.json", "master.key"} <= {path.name for path in files}
    for path in files:
        # The reserve against a full disk is nothing but zeros.
        found = secrets.found_in(path.read_bytes().strip(b"\0"))
        if path.name == "credentials.json":
            assert len({name.rpartition(" ")[0] for name in found}) == 3, found
        elif path.name == "master.key":
            assert found and all(name.startswith("master key") for name in found), found
        else:
            assert found == [], path


def test_no_file_of_a_running_server_holds_a_secret(used):
    running, secrets = used
    assert (running.data / "reelgate.db-wal").exists()
    check_files(running, secrets)


def test_the_log_holds_no_secret_however_much_it_says(used):
    running, secrets = used
    log = running.log.read_bytes()
    assert b"TRACE" in log or b"DEBUG" in log, "the log says nothing beyond the usual"
    assert secrets.found_in(log) == []


def test_the_audit_holds_no_secret(used, program, tmp_path):
    running, secrets = used
    told = access.Operator(program, running, tmp_path).run("audit", "--limit", 1000, "-o", "json").stdout
    assert "sts:AssumeRole" in told
    assert secrets.found_in(told.encode()) == []


def test_a_secret_would_be_found(used):
    """The search itself: each form of each secret is seen in a file that has it."""
    _, secrets = used
    assert len(secrets.known) >= 19
    for name, secret in secrets.known.items():
        for content in (secret, urllib.parse.quote(secret, safe=""), secret.encode().hex(),
                        base64.b64encode(b"ab" + secret.encode() + b"cd").decode()):
            assert name in secrets.found_in(f"x{content}y".encode()), name
