"""Dockerfile, compose file and Kubernetes manifests: that they say what the Procfile says, may do
little, and that what they name is there. No container is started.
"""

from __future__ import annotations

import fnmatch
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
import yaml

from monitor.edges.settings import Settings, load_settings
from monitor.edges.store import embedded
from tests.deploy.commands import DEPLOY, ROOT, commands
from tests.servers import PASSWORD, running, short_folder

DOCKER, PODS = DEPLOY / "docker", DEPLOY / "kubernetes"
SECRETS = {"WEB_TOKEN": "a-token-of-a-test", "STORE_PASSWORD": PASSWORD}


def documents() -> Iterator[dict[str, Any]]:
    """All that is applied to a cluster."""
    for name in _yaml(PODS / "kustomization.yaml")["resources"]:
        yield from yaml.safe_load_all((PODS / name).read_text(encoding="utf-8"))


def _yaml(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def pods() -> dict[str, dict[str, Any]]:
    """What runs, by name: the pod's specification."""
    kinds = {"Deployment", "StatefulSet"}
    return {
        one["metadata"]["name"]: one["spec"]["template"]["spec"]
        for one in documents()
        if one["kind"] in kinds
    }


def container(name: str) -> dict[str, Any]:
    """The one container of a pod."""
    (found,) = pods()[name]["containers"]
    return dict(found)


def services() -> dict[str, dict[str, Any]]:
    """Those of the compose file."""
    found: dict[str, dict[str, Any]] = _yaml(DOCKER / "compose.yaml")["services"]
    return found


def test_compose_runs_what_the_procfile_runs_beside_a_store() -> None:
    found = {name: one["command"] for name, one in services().items() if name != "store"}
    assert found == commands()


def test_pods_run_what_the_procfile_runs_beside_a_store() -> None:
    found = {name: " ".join(container(name)["args"]) for name in pods() if name != "store"}
    expected = commands()
    del expected["websub"]
    assert found == expected


@pytest.mark.parametrize("folder", [DOCKER, PODS], ids=["compose", "kubernetes"])
def test_the_configuration_beside_them_holds(folder: Path, tmp_path: Path) -> None:
    settings = load_settings(folder / "monitor.toml", SECRETS, tmp_path)
    assert isinstance(settings, Settings)
    assert settings.store_url.rpartition("@")[2].removeprefix("redis://") == "store:6379/0"
    assert settings.web.listen == ("0.0.0.0", 8790)


def test_every_container_may_write_to_its_own_folders_only_and_become_nobody() -> None:
    for name, pod in pods().items():
        one = container(name)
        assert pod["securityContext"]["runAsNonRoot"]
        assert pod["securityContext"]["runAsUser"] > 0
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not pod["automountServiceAccountToken"]
        assert one["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert set(one["resources"]) == {"requests", "limits"}
        assert pod["terminationGracePeriodSeconds"] >= 30
        mounted = {mount["name"] for mount in one["volumeMounts"]}
        claimed = {"data"} if name == "store" else set()
        assert mounted == claimed | {volume["name"] for volume in pod["volumes"]}
    for name, service in services().items():
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert name == "store" or service["read_only"]


def test_probes_ask_ports_that_are_there_and_no_pod_is_killed_because_the_store_is_away() -> None:
    for name in pods():
        one = container(name)
        ports = {port["name"] for port in one.get("ports", [])}
        for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
            probe = one.get(kind, {})
            asked = probe.get("httpGet", probe.get("tcpSocket", {})).get("port")
            assert asked is None or asked in ports
            if "httpGet" in probe:
                assert probe["httpGet"]["path"] == "/healthz"
        assert name in {"store", "web"} or "livenessProbe" not in one
    assert container("web")["ports"] == [{"name": "http", "containerPort": 8790}]


def test_services_and_budgets_select_pods_that_there_are() -> None:
    names = {name: {"app.kubernetes.io/name": name} for name in pods()}
    for one in documents():
        spec, name = one["spec"], one["metadata"]["name"]
        if one["kind"] == "Service":
            assert spec["selector"] == names[name]
        elif one["kind"] != "NetworkPolicy":
            assert spec["selector"]["matchLabels"] == names[name]
    budgets = {one["metadata"]["name"] for one in documents() if "Budget" in one["kind"]}
    several = {
        one["metadata"]["name"]
        for one in documents()
        if one["kind"] == "Deployment" and one["spec"]["replicas"] > 1
    }
    assert budgets == several


def test_the_secret_of_the_example_has_what_the_configuration_asks_for() -> None:
    given = set(_yaml(PODS / "secret.example.yaml")["stringData"])
    text = (PODS / "monitor.toml").read_text(encoding="utf-8")
    assert set(re.findall(r"\$\{(\w+)", text)) == given


def test_the_store_in_a_pod_has_the_rights_of_the_shipped_users() -> None:
    rights = (DEPLOY / "redis/users.acl").read_text(encoding="utf-8").partition("CHANGE-ME ")[2]
    environ = {one["name"]: one.get("value") for one in container("store")["env"]}
    assert environ["STORE_RIGHTS"] == rights.strip()


@pytest.mark.slow
def test_the_store_in_a_pod_starts_keeps_what_it_is_told_and_lets_only_us_in() -> None:
    (script,) = container("store")["args"]
    environ = {one["name"]: one.get("value", PASSWORD) for one in container("store")["env"]}
    with short_folder() as folder:
        (folder / "bin").mkdir()
        (folder / "bin/valkey-server").symlink_to(embedded._binary())
        script = script.replace("/run/store", str(folder)).replace("/data", str(folder))
        script = script.replace("valkey-server", f"valkey-server --port 0 --unixsocket {folder}/s")
        path = f"{folder}/bin:{os.environ['PATH']}"
        url = f"unix://monitor:{PASSWORD}@{folder}/s"
        command = ["env", *(f"{key}={value}" for key, value in environ.items()), f"PATH={path}"]
        with running([*command, "sh", "-c", script], url):
            ours = redis.Redis.from_url(url)
            info = ours.info()
            assert (info["maxmemory_policy"], info["aof_enabled"]) == ("noeviction", 1)
            with pytest.raises(redis.exceptions.AuthenticationError):
                redis.Redis.from_url(f"unix://{folder}/s").ping()


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
def test_kustomize_builds_them() -> None:
    told = subprocess.run(
        ["kubectl", "kustomize", str(PODS)], capture_output=True, text=True, check=True
    )
    built = list(yaml.safe_load_all(told.stdout))
    assert len(built) == len(list(documents())) + 1
    assert "namespace" not in {key for one in built for key in one["metadata"]}


def test_the_image_is_made_of_files_that_are_there_and_not_ignored() -> None:
    lines = (DOCKER / "Dockerfile").read_text(encoding="utf-8").splitlines()
    copied = [line.split()[1:-1] for line in lines if re.match(r"COPY (?!--from)", line)]
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    let_in = [line.removeprefix("!") for line in ignored if line.startswith("!")]
    for source in (one for each in copied for one in each):
        assert (ROOT / source).exists()
        assert any(fnmatch.fnmatch(source, pattern) for pattern in let_in)
    assert "*" in ignored


def test_the_image_runs_as_a_user_without_rights_and_has_no_secret_in_it() -> None:
    text = (DOCKER / "Dockerfile").read_text(encoding="utf-8")
    (user,) = re.findall(r"^USER (\d+):(\d+)$", text, flags=re.MULTILINE)
    assert set(user) == {"10001"}
    assert f"--uid {user[0]}" in text
    assert pods()["worker"]["securityContext"]["runAsUser"] == int(user[0])
    assert "--require-hashes" in text
    # What Docker's own rules ask for: commands as lists, no ADD, no remote, no latest.
    for line in text.splitlines():
        assert not line.startswith("ADD")
        if re.match(r"(CMD|ENTRYPOINT)", line) or "HEALTHCHECK" in line:
            assert "[" in line
        assert not re.match(r"FROM \S+:latest|FROM [^:]+$", line)
