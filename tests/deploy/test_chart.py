"""The chart renders to what Kubernetes' own schemas allow. It is installed on no cluster here."""
import kubernetes_validate
import pytest

import chart

SECRETS = {"store": "postgres://reelgate:pass@db/reelgate", "masterKey": "AAAA"}
# The oldest version that the chart says it runs on, and a recent one.
VERSIONS = ["1.25", "1.34"]


@pytest.fixture(scope="module")
def reelgate(root):
    return chart.Chart(root / "deploy/helm/reelgate")


@pytest.fixture
def rendered(reelgate, tmp_path):
    """The chart's objects by kind and name, for the given values."""
    def render(**values):
        objects = reelgate.render(tmp_path, **values)
        found = {(one["kind"], one["metadata"]["name"]): one for one in objects}
        assert len(found) == len(objects)
        return found
    return render


def pod(objects, name):
    return objects["Deployment", name]["spec"]["template"]["spec"]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("values", [
    SECRETS,
    {"existingSecret": "mine"},
    {**SECRETS, "environment": {"REELGATE_LOG": "debug"}, "trustedProxies": ["10.0.0.0/8", "fd00::/8"]},
    {**SECRETS, "ingress": {"enabled": True, "className": "nginx", "tlsSecret": "cert",
                            "annotations": {"example.com/body-size": "0"}}},
], ids=["secrets", "existing secret", "settings", "ingress"])
def test_every_object_fits_the_schemas_of_kubernetes(rendered, values, version):
    for one in rendered(**values).values():
        kubernetes_validate.validate(one, version, strict=True)


def test_a_misspelt_field_would_not_fit(rendered):
    objects = rendered(**SECRETS)
    pod(objects, "video-server")["containers"][0]["readynessProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(objects["Deployment", "video-server"], VERSIONS[-1], strict=True)


def test_what_has_to_be_set_is_asked_for(rendered):
    with pytest.raises(ValueError, match="set store to the database's address"):
        rendered()
    with pytest.raises(ValueError, match="set masterKey"):
        rendered(store="postgres://db/reelgate")


def test_secrets_come_from_a_secret_and_stand_nowhere_else(rendered):
    objects = rendered(**SECRETS)
    secret = objects.pop(("Secret", "video-reelgate"))
    assert secret["stringData"] == {"store": SECRETS["store"], "master-key": SECRETS["masterKey"]}
    assert not any(value in str(objects) for value in SECRETS.values())
    mine = rendered(existingSecret="mine")
    assert not any(kind == "Secret" for kind, _ in mine)
    for objects, name in [(objects, "video-reelgate"), (mine, "mine")]:
        for part in ("video-server", "video-worker"):
            [container] = pod(objects, part)["containers"]
            asked = {one["name"]: one["valueFrom"]["secretKeyRef"]
                     for one in container["env"] if "valueFrom" in one}
            assert asked == {"REELGATE_STORE": {"name": name, "key": "store"},
                             "REELGATE_MASTER_KEY": {"name": name, "key": "master-key"}}


@pytest.mark.parametrize("values, expected", [
    ({}, None),
    ({"ingress": {"enabled": True}}, "http://media.example.com"),
    ({"ingress": {"enabled": True, "tlsSecret": "cert"}}, "https://media.example.com"),
    ({"ingress": {"enabled": True}, "publicUrl": "https://play.example.com"}, "https://play.example.com"),
])
def test_play_links_begin_with_where_callers_come_in(rendered, values, expected):
    [container] = pod(rendered(**SECRETS, **values), "video-server")["containers"]
    assert {one["name"]: one.get("value") for one in container["env"]}.get("REELGATE_PUBLIC_URL") == expected


def test_selectors_find_the_pods_they_are_meant_for(rendered):
    objects = rendered(**SECRETS)
    labels = {name: objects["Deployment", name]["spec"]["template"]["metadata"]["labels"]
              for name in ("video-server", "video-worker")}

    def found(selector):
        return [name for name, own in labels.items() if selector.items() <= own.items()]

    for name in labels:
        assert found(objects["Deployment", name]["spec"]["selector"]["matchLabels"]) == [name]
        assert found(objects["PodDisruptionBudget", name]["spec"]["selector"]["matchLabels"]) == [name]
    service = objects["Service", "video"]["spec"]
    assert found(service["selector"]) == ["video-server"]
    [container] = pod(objects, "video-server")["containers"]
    assert service["ports"][0]["targetPort"] in [port["name"] for port in container["ports"]]


@pytest.mark.parametrize("name", ["video-server", "video-worker"])
def test_a_database_that_is_away_makes_pods_unready_and_not_dead(rendered, name):
    [container] = pod(rendered(**SECRETS), name)["containers"]
    paths = {probe: container[probe]["httpGet"]["path"]
             for probe in ("startupProbe", "readinessProbe", "livenessProbe")}
    assert paths == {"startupProbe": "/livez", "readinessProbe": "/readyz", "livenessProbe": "/livez"}


def test_pods_have_no_rights(rendered):
    objects = rendered(**SECRETS)
    for name in ("video-server", "video-worker"):
        spec = pod(objects, name)
        assert spec["securityContext"]["runAsNonRoot"] and not spec["automountServiceAccountToken"]
        [container] = spec["containers"]
        assert container["securityContext"] == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                                                "capabilities": {"drop": ["ALL"]}}


def test_a_worker_has_its_grace_time_before_it_is_killed(rendered):
    spec = pod(rendered(**SECRETS, worker={"shutdownGraceSeconds": 600}), "video-worker")
    settings = {one["name"]: one.get("value") for one in spec["containers"][0]["env"]}
    assert settings["REELGATE_SHUTDOWN_GRACE"] == "600"
    assert settings["REELGATE_MAX_MEMORY"] == "2147483648"
    assert spec["terminationGracePeriodSeconds"] > 600
