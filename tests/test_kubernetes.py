"""The manifests fit together and fit the product: what they name exists, what they ask answers."""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands
from django.test import Client

from botapp.transport.webhook import PATH
from tests.test_deployment import compose
from workshop.settings.env import BASE_DIR, KNOWN

ROOT = BASE_DIR / "deploy" / "kubernetes"
BASE = ROOT / "base"
OVERLAYS = sorted((ROOT / "overlays").iterdir())
GRACE = 25  # seconds that gunicorn and the bot give to what has begun
Manifest = dict[str, Any]


def documents(path: Path) -> list[Manifest]:
    return [dict(one) for one in yaml.safe_load_all(path.read_text(encoding="utf-8"))]


def kustomization(folder: Path) -> Manifest:
    (found,) = documents(folder / "kustomization.yaml")
    return found


def resources(folder: Path = BASE) -> list[Manifest]:
    found = []
    for name in kustomization(folder)["resources"]:
        place = folder / name
        found += resources(place) if place.is_dir() else documents(place)
    return found


def of_kind(*kinds: str) -> list[Manifest]:
    return [one for one in resources() if one["kind"] in kinds]


def pods() -> dict[str, Manifest]:
    """Component → the specification of its pods."""
    return {
        one["metadata"]["name"]: one["spec"]["template"]
        for one in of_kind("Deployment", "Job")
    }  # fmt: skip


def containers() -> Iterator[tuple[str, Manifest]]:
    for name, pod in pods().items():
        for one in pod["spec"].get("initContainers", []) + pod["spec"]["containers"]:
            yield name, one


def settings_of(folder: Path) -> dict[str, str]:
    rows: list[str] = []
    for generator in kustomization(folder).get("configMapGenerator", []):
        rows += generator.get("literals", [])
        for file in generator.get("envs", []):
            rows += (folder / file).read_text(encoding="utf-8").split("\n")
    return {name: value for name, _is, value in (row.partition("=") for row in rows) if name}


@pytest.mark.parametrize("folder", [BASE, *OVERLAYS], ids=lambda folder: folder.name)
def test_a_kustomization_names_what_is_there_and_all_of_it(folder: Path) -> None:
    found = kustomization(folder)
    named = [*found["resources"], *(one["path"] for one in found.get("patches", []))]
    for generator in found.get("configMapGenerator", []):
        named += generator.get("envs", [])
    assert all((folder / name).exists() for name in named)
    files = {path.name for path in folder.iterdir()} - {"kustomization.yaml"}
    assert files == {name for name in named if "/" not in name}


@pytest.mark.parametrize("folder", [BASE, *OVERLAYS], ids=lambda folder: folder.name)
def test_settings_are_known_and_hold_no_secret(folder: Path) -> None:
    found = settings_of(folder)
    assert set(found) <= set(KNOWN)
    assert not [name for name in found if re.search(r"SECRET|TOKEN|PASSWORD|PEPPER|_URL$", name)
                and not name.startswith(("PUBLIC_", "TELEGRAM_WEBHOOK_URL"))]  # fmt: skip
    host = found["PUBLIC_URL"].removeprefix("https://")
    assert found["ALLOWED_HOSTS"] == f"{host},localhost"  # the probes ask for localhost
    assert found["TELEGRAM_WEBHOOK_URL"] == f"https://{host}{PATH}"


def test_variables_of_the_containers_are_settings_and_their_files_are_mounted() -> None:
    for name, one in containers():
        mounted = {mount["mountPath"]: mount["name"] for mount in one["volumeMounts"]}
        volumes = {volume["name"]: volume for volume in pods()[name]["spec"]["volumes"]}
        assert set(mounted.values()) <= set(volumes), name
        for variable in one["env"]:
            setting = variable["name"].removesuffix("_FILE")
            assert setting in KNOWN, variable
            if variable["name"].endswith("_FILE"):
                folder, _slash, file = variable["value"].rpartition("/")
                assert "secret" in volumes[mounted[folder]], variable
                assert file == setting.lower()
            else:
                assert not re.search(r"SECRET|TOKEN|PASSWORD|PEPPER", setting), variable
        assert one["envFrom"] == [{"configMapRef": {"name": "repassage-settings"}}]
        assert one["image"] == "repassage"


def test_only_the_bot_gets_the_token() -> None:
    holders = {
        (name, one["name"]) for name, one in containers() if "TELEGRAM" in yaml.dump(one["env"])
    }
    assert holders == {("bot", "bot")}


def test_commands_are_those_of_the_image_and_of_the_containers() -> None:
    services = compose()["services"]
    for name, one in containers():
        program, *arguments = one["command"]
        assert (Path(sys.executable).parent / program).exists(), one["command"]
        if program == "python":
            assert arguments[0] == "manage.py"
            assert arguments[1] in get_commands()
        if one["name"] in ("worker", "beat", "migrate"):
            assert one["command"] == services[name]["command"]
    (web,) = [one["command"] for _name, one in containers() if one["name"] == "web"]
    image = (BASE_DIR / "Dockerfile").read_text(encoding="utf-8")
    assert f"CMD {str(web).replace(chr(39), chr(34))}" in image


def test_pods_may_little_and_end_in_order() -> None:
    for name, pod in pods().items():
        spec = pod["spec"]
        assert spec["securityContext"]["runAsNonRoot"] is True, name
        assert spec["securityContext"]["runAsUser"] == 10001, name
        assert spec["automountServiceAccountToken"] is False, name
        assert spec["terminationGracePeriodSeconds"] >= 30, name
        for one in spec["containers"]:
            wait = one.get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command", [0])
            assert spec["terminationGracePeriodSeconds"] > int(wait[-1]) + GRACE, name
    for name, one in containers():
        allowed = one["securityContext"]
        assert allowed["readOnlyRootFilesystem"] is True, name
        assert allowed["allowPrivilegeEscalation"] is False, name
        assert allowed["capabilities"] == {"drop": ["ALL"]}, name
        assert {"cpu", "memory"} <= set(one["resources"]["requests"]), name
        assert "memory" in one["resources"]["limits"], name


@pytest.mark.django_db
def test_probes_ask_for_what_answers(settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.ALLOWED_HOSTS = settings_of(BASE)["ALLOWED_HOSTS"].split(",")
    asked = 0
    for name, one in containers():
        ports = {port["name"]: port["containerPort"] for port in one.get("ports", [])}
        for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
            if one["name"] == name and name != "migrate":
                (probe,) = {"httpGet", "tcpSocket"} & set(one[kind])
                told = one[kind][probe]
                assert told["port"] in ports, (name, kind)
                asked += 1
                if probe == "httpGet":
                    head = {row["name"]: row["value"] for row in told["httpHeaders"]}
                    assert Client().get(told["path"], headers=head).status_code == 200, told
    assert asked == 12


def test_selectors_find_their_pods_and_nothing_else() -> None:
    labels = {name: pod["metadata"]["labels"] for name, pod in pods().items()}
    for one in of_kind("Deployment"):
        name = one["metadata"]["name"]
        assert chosen(one["spec"]["selector"]["matchLabels"], labels) == [name]
        for spread in one["spec"]["template"]["spec"]["topologySpreadConstraints"]:
            assert chosen(spread["labelSelector"]["matchLabels"], labels) == [name]
    for one in of_kind("PodDisruptionBudget"):
        name = one["metadata"]["name"]
        assert chosen(one["spec"]["selector"]["matchLabels"], labels) == [name]
    for one in of_kind("Service"):
        (name,) = chosen(one["spec"]["selector"], labels)
        names = {port["name"] for port in pods()[name]["spec"]["containers"][0]["ports"]}
        assert {port["targetPort"] for port in one["spec"]["ports"]} <= names
    for one in of_kind("NetworkPolicy"):
        selector = one["spec"]["podSelector"]
        values = [row["values"] for row in selector.get("matchExpressions", [])]
        assert set(itertools.chain.from_iterable(values)) <= set(labels)
        assert chosen(selector.get("matchLabels", {}), labels)


def chosen(selector: Mapping[str, str], labels: Mapping[str, Mapping[str, str]]) -> list[str]:
    return [name for name, held in labels.items() if selector.items() <= held.items()]


def test_scaling_knows_what_it_scales_by() -> None:
    deployments = {one["metadata"]["name"]: one for one in of_kind("Deployment")}
    scaled = set()
    for one in of_kind("HorizontalPodAutoscaler"):
        target = one["spec"]["scaleTargetRef"]
        scaled.add(target["name"])
        # A number of replicas in the manifest would fight with the scaler at each apply.
        assert "replicas" not in deployments[target["name"]]["spec"]
        assert one["spec"]["minReplicas"] <= one["spec"]["maxReplicas"]
    assert scaled == {"web", "bot", "worker"}
    assert deployments["beat"]["spec"]["replicas"] == 2


def test_the_proxy_leads_to_services_by_tls() -> None:
    (ingress,) = of_kind("Ingress")
    services = {
        one["metadata"]["name"]: {port["name"] for port in one["spec"]["ports"]}
        for one in of_kind("Service")
    }
    (rule,) = ingress["spec"]["rules"]
    assert ingress["spec"]["tls"][0]["hosts"] == [rule["host"]]
    assert f"https://{rule['host']}" == settings_of(BASE)["PUBLIC_URL"]
    places = {}
    for path in rule["http"]["paths"]:
        service = path["backend"]["service"]
        assert service["port"]["name"] in services[service["name"]]
        places[path["path"]] = service["name"]
    assert places == {PATH: "bot", "/": "web"}


def test_claims_and_accounts_exist() -> None:
    claims = {one["metadata"]["name"] for one in of_kind("PersistentVolumeClaim")}
    accounts = {one["metadata"]["name"] for one in of_kind("ServiceAccount")}
    for pod in pods().values():
        assert pod["spec"]["serviceAccountName"] in accounts
        for volume in pod["spec"]["volumes"]:
            claim = volume.get("persistentVolumeClaim", {}).get("claimName")
            assert claim is None or claim in claims


def test_prometheus_is_told_the_port_where_the_numbers_are() -> None:
    settings = settings_of(BASE)
    wanted = {"web": "8000"} | {
        name: settings[f"METRICS_PORT_{name.upper()}"] for name in ("bot", "worker", "beat")
    }
    for name, port in wanted.items():
        notes = pods()[name]["metadata"]["annotations"]
        assert notes["prometheus.io/port"] == port
        ports = [one["containerPort"] for one in pods()[name]["spec"]["containers"][0]["ports"]]
        assert int(port) in ports


@pytest.mark.parametrize("folder", OVERLAYS, ids=lambda folder: folder.name)
def test_patches_meet_something(folder: Path) -> None:
    for patch in kustomization(folder)["patches"]:
        (target,) = [
            one
            for one in of_kind(patch["target"]["kind"])
            if one["metadata"]["name"] == patch["target"]["name"]
        ]
        for step in yaml.safe_load((folder / patch["path"]).read_text(encoding="utf-8")):
            place: Any = target
            *parents, last = step["path"].strip("/").split("/")
            for key in parents:
                place = place[int(key)] if isinstance(place, list) else place[key]
            if step["op"] == "replace":
                assert last in place if isinstance(place, dict) else int(last) < len(place), step


@pytest.mark.parametrize("folder", OVERLAYS, ids=lambda folder: folder.name)
def test_kustomize_builds_it(folder: Path) -> None:
    """With the real program, where there is one: nothing of the base's own names is left."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("no kubectl on this machine")
    built = subprocess.run(
        [kubectl, "kustomize", str(folder)], capture_output=True, text=True, check=True
    ).stdout
    found = list(yaml.safe_load_all(built))
    assert len(found) == len(resources(folder)) + 1  # and the settings
    assert {one["metadata"]["namespace"] for one in found if one["kind"] != "Namespace"} == {
        "repassage"
    }
    assert "image: repassage\n" not in built
    assert "example.com" not in built
