"""TLS: what clients see, certificates that are replaced under open connections, and where a server listens."""
import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess

import pytest
import requests
from alibabacloud_mts20140618 import models
from alibabacloud_mts20140618.client import Client as MtsClient
from alibabacloud_tea_openapi.utils_models import Config
from alibabacloud_tea_util.models import RuntimeOptions
from cryptography.hazmat.primitives import hashes

import certificates
import harness
import processes

NOTICED_SECONDS = 120


@pytest.fixture
def start(program, tmp_path):
    """Starts servers over one directory, one after the other."""
    started = []

    def starting(**options):
        started.append(harness.Server.start(program, tmp_path, slots=0, **options))
        return started[-1]
    yield starting
    for server in started:
        if server.process.poll() is None:
            server.kill()


@pytest.fixture
def files(tmp_path):
    """A directory with a certificate and its key."""
    directory = tmp_path / "tls"
    directory.mkdir()
    certificates.make(directory)
    return directory


@pytest.fixture
def secured(start, files):
    """A server that speaks TLS with what is in `files`."""
    return start(options=certificates.options(files))


def connect(server, files):
    """A kept-alive connection whose client trusts what is in the files now."""
    host, _, port = server.address.rpartition(":")
    context = ssl.create_default_context(cafile=files / "cert.pem")
    connection = http.client.HTTPSConnection(host, int(port), timeout=60, context=context)
    connection.connect()
    return connection


def alive(connection):
    """Whether the connection, and no new one, brings an answer."""
    connected = connection.sock
    connection.request("GET", "/livez")
    answer = connection.getresponse()
    answer.read()
    return answer.status == 200 and connection.sock is connected


def shown(server):
    """The certificate that a new connection sees."""
    host, _, port = server.address.rpartition(":")
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection((host, int(port)), timeout=60) as plain, \
            context.wrap_socket(plain) as stream:
        return stream.getpeercert(binary_form=True)


def der(certificate):
    return certificate.public_bytes(certificates.serialization.Encoding.DER)


def run(program, *arguments, **environment):
    return subprocess.run([program, *map(str, arguments)], capture_output=True, timeout=120, check=False,
                          stdin=subprocess.DEVNULL, env={**harness.clean_environment(), **environment})


def test_clients_call_it_by_https_and_are_told_so(secured, files):
    session = requests.Session()
    session.trust_env, session.verify = False, str(files / "cert.pem")
    answer = session.get(f"https://{secured.address}/api/v1/pipelines", timeout=60, headers={
        "Authorization": f"Bearer {secured.credentials['api_key']}"})
    assert answer.status_code == 200 and answer.json()["pipelines"]
    assert "http://" not in answer.text
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"https://{secured.address}/livez", timeout=60)
    assert f"reelgate listens on https://{secured.address}" in secured.log.read_text("utf-8")
    ready = json.loads((secured.log.parent / "ready.json").read_text("utf-8"))
    assert ready["scheme"] == "https"


def test_the_vendors_sdk_calls_it_by_https(secured, files):
    client = MtsClient(Config(
        access_key_id=secured.credentials["access_key_id"],
        access_key_secret=secured.credentials["access_key_secret"],
        region_id=harness.REGION, endpoint=secured.address, protocol="https",
        ca=str(files / "cert.pem")))
    found = client.search_pipeline_with_options(models.SearchPipelineRequest(), RuntimeOptions())
    assert found.body.pipeline_list.pipeline


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_both_versions_are_spoken_and_none_older(secured, files, version):
    context = ssl.create_default_context(cafile=files / "cert.pem")
    context.set_alpn_protocols(["h2", "http/1.1"])
    context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
    host, _, port = secured.address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=60) as plain, \
            context.wrap_socket(plain, server_hostname="localhost") as stream:
        assert stream.version() == version.replace("_", ".")
        assert stream.selected_alpn_protocol() == "http/1.1"


def test_older_versions_are_refused(secured):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    host, _, port = secured.address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=60) as plain, pytest.raises(ssl.SSLError):
        context.wrap_socket(plain)


def test_http_without_tls_is_told_what_to_do(secured):
    answer = requests.get(f"http://{secured.address}/livez", timeout=60)
    assert answer.status_code == 400 and "https://" in answer.text


@pytest.mark.parametrize("asked", [True, False], ids=["by SIGHUP", "by new files"])
def test_a_new_certificate_comes_in_while_connections_stay(secured, files, asked):
    before = connect(secured, files)
    assert alive(before)
    certificate = certificates.make(files)
    if asked:
        os.kill(secured.process.pid, signal.SIGHUP)
    processes.wait_until(lambda: shown(secured) == der(certificate), NOTICED_SECONDS, "the new one")
    assert alive(before)
    assert alive(connect(secured, files))
    # The clients on this machine hear of it.
    told = json.loads((secured.data / "server.json").read_text("utf-8"))
    assert told["certificate_sha256"] == certificate.fingerprint(hashes.SHA256()).hex()
    secured.stop()


@pytest.mark.parametrize("spoil, named", [
    (lambda files: (files / "cert.pem").write_text("nothing"), "cert.pem has no certificate"),
    (lambda files: (files / "key.pem").write_text("nothing"), "key.pem has no private key"),
    (lambda files: (files / "key.pem").unlink(), "key.pem cannot be read"),
    (lambda files: (files / "key.pem").chmod(0o644), "key.pem is open to others"),
    (lambda files: certificates.make(files / "other") and
     os.replace(files / "other" / "key.pem", files / "key.pem"), "is not that of the certificate")],
    ids=["no certificate", "no key", "gone", "open", "another's"])
def test_a_bad_pair_leaves_the_old_one_in_use(secured, files, spoil, named):
    (files / "other").mkdir()
    before, certificate = connect(secured, files), shown(secured)
    spoil(files)
    os.kill(secured.process.pid, signal.SIGHUP)
    processes.wait_until(lambda: "the certificate in use stays" in secured.log_tail(), 5, "the refusal")
    [line] = [line for line in secured.log_tail().splitlines() if "in use stays" in line]
    assert "ERROR" in line and named in line
    assert alive(before) and shown(secured) == certificate
    # And the next good pair is taken.
    certificate = certificates.make(files)
    processes.wait_until(lambda: shown(secured) == der(certificate), NOTICED_SECONDS, "the next one")


def test_silent_clients_hold_up_nobody(secured, files):
    host, _, port = secured.address.rpartition(":")
    silent = [socket.create_connection((host, int(port))) for _ in range(200)]
    assert alive(connect(secured, files))
    for connection in silent:
        connection.close()


def test_commands_with_the_data_directory_trust_its_server_alone(program, secured, files):
    data = ["--data", secured.data]
    done = run(program, "pipeline", "list", *data)
    assert done.returncode == 0 and b"default" in done.stdout, done
    # Its names and dates do not matter there, since the server itself says which certificate it is.
    certificates.make(files, names=["media.example.com"], days=-1)
    os.kill(secured.process.pid, signal.SIGHUP)
    processes.wait_until(lambda: "ended at" in secured.log_tail(), 5, "the warning")
    done = run(program, "pipeline", "list", *data)
    assert done.returncode == 0 and b"default" in done.stdout, done
    # Another certificate at this address gets no key.
    path = secured.data / "server.json"
    told = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**told, "certificate_sha256": "00" * 32}), "utf-8")
    done = run(program, "pipeline", "list", *data)
    assert done.returncode != 0 and b"not trusted" in done.stderr, done


def test_commands_with_a_server_trust_authorities(program, secured, files):
    key = {"REELGATE_API_KEY": secured.credentials["api_key"]}
    call = ["pipeline", "list", "--server", f"https://{secured.address}"]
    done = run(program, *call, **key)
    assert done.returncode != 0 and b"--ca-file" in done.stderr, done
    done = run(program, *call, "--ca-file", files / "cert.pem", **key)
    assert done.returncode == 0 and b"default" in done.stdout, done
    done = run(program, *call, REELGATE_CA_FILE=str(files / "cert.pem"), **key)
    assert done.returncode == 0, done
    done = run(program, *call, "--ca-file", files / "key.pem", **key)
    assert done.returncode != 0 and b"key.pem cannot be used" in done.stderr, done
    certificates.make(files, names=["media.example.com"])
    os.kill(secured.process.pid, signal.SIGHUP)
    processes.wait_until(lambda: "media.example.com" in secured.log_tail(), 5, "the new certificate")
    done = run(program, *call, "--ca-file", files / "cert.pem", **key)
    assert done.returncode != 0 and b"it is for other names" in done.stderr, done


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "[::]:0", "192.0.2.7:0"])
def test_it_listens_elsewhere_by_tls_or_when_told_so_only(program, tmp_path, listen):
    data = tmp_path / "data"
    done = run(program, "serve", "--data", data, "--listen", listen)
    assert done.returncode != 0
    for fix in (b"--tls-cert", b"reverse proxy", b"--insecure-http", b"REELGATE_INSECURE_HTTP=1"):
        assert fix in done.stderr, done
    assert not data.exists()


@pytest.mark.parametrize("value, said", [("0", b"reverse proxy"), ("perhaps", b"invalid value")])
def test_the_environment_says_yes_or_no(program, tmp_path, value, said):
    done = run(program, "serve", "--data", tmp_path / "data", "--listen", "0.0.0.0:0",
               REELGATE_INSECURE_HTTP=value)
    assert done.returncode != 0 and said in done.stderr, done


@pytest.mark.parametrize("how", ["tls", "flag"])
def test_it_listens_on_all_addresses_when_that_is_safe_or_wanted(start, files, how):
    options = certificates.options(files) if how == "tls" else ["--insecure-http"]
    server = start(options=options, listen="0.0.0.0:0")
    port = server.address.rpartition(":")[2]
    scheme = "https" if how == "tls" else "http"
    answer = requests.get(f"{scheme}://127.0.0.1:{port}/livez", timeout=60, verify=str(files / "cert.pem"))
    assert answer.status_code == 200
    assert ("without TLS: keys and media" in server.log_tail()) == (how == "flag")


def test_an_address_has_a_share_of_the_connections(start):
    server = start(options=["--max-connections-per-address", "3"])
    host, _, port = server.address.rpartition(":")
    held = [socket.create_connection((host, int(port))) for _ in range(3)]
    refused = socket.create_connection((host, int(port)), timeout=60)
    try:
        assert refused.recv(1) == b""
    except ConnectionResetError:
        pass
    with socket.create_connection((host, int(port)), timeout=60, source_address=("127.0.0.2", 0)) as other:
        other.sendall(b"GET /livez HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        assert other.recv(1024).startswith(b"HTTP/1.1 200")
    for connection in held:
        connection.close()


@pytest.mark.parametrize("arguments, said", [
    (["--tls-cert", "cert.pem"], b"--tls-key"),
    (["--tls-key", "key.pem"], b"--tls-cert")], ids=["no key", "no certificate"])
def test_certificate_and_key_belong_together(program, tmp_path, arguments, said):
    done = run(program, "serve", "--data", tmp_path / "data", *arguments)
    assert done.returncode == 2 and said in done.stderr


def test_the_doctor_looks_at_the_certificate(program, files, tmp_path):
    def verdict():
        done = run(program, "doctor", "--data", tmp_path, *certificates.options(files))
        return re.findall(r"^(\w+) +TLS +(.*)$", done.stdout.decode(), re.MULTILINE)
    [(word, detail)] = verdict()
    assert word == "ok" and "127.0.0.1, localhost" in detail
    certificates.make(files, days=3)
    [(word, detail)] = verdict()
    assert word == "weak" and "replace it before" in detail
    certificates.make(files, days=-1)
    [(word, detail)] = verdict()
    assert word == "FAIL" and "ended at" in detail
    (files / "key.pem").chmod(0o644)
    [(word, detail)] = verdict()
    assert word == "FAIL" and "chmod 600" in detail
