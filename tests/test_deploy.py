"""What `deploy/` says of the program is so: its files, ports, paths, variables and addresses."""

import re
import shlex
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy.engine import make_url
from typer.testing import CliRunner

from app.cli import app
from app.server import HEALTH_PATH
from metrics.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
HOME = "/data"
PORT = 8501
USER = 10001
SECRETS = "\n".join((ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("channels.md", "live.md"))


def text(name: str) -> str:
    return (DEPLOY / name).read_text(encoding="utf-8")


def documents(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(text(name)))


def instructions(word: str) -> Iterator[list[str]]:
    """What stands behind a word of the Dockerfile."""
    for line in text("Dockerfile").splitlines():
        if line.startswith(f"{word} "):
            yield shlex.split(line.removeprefix(f"{word} "))


def test_the_image_copies_what_there_is_and_what_runs_needs() -> None:
    sources = [source for *copied, _ in instructions("COPY") for source in copied]
    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert {"metrics", "alerts", "app", "pages", ".streamlit/config.toml", "requirements.lock"} <= set(sources)
    let_in = {line.removeprefix("!") for line in text("Dockerfile.dockerignore").splitlines() if line.startswith("!")}
    assert let_in == set(sources)


@pytest.mark.parametrize(
    "command",
    [
        re.search(r'CMD \[("promptpilot".*)\]', text("Dockerfile"))[1].replace('"', "").split(", "),  # pyright: ignore[reportOptionalSubscript]
        re.search(r"ExecStart=(.*)", text("promptpilot.service"))[1].split(),  # pyright: ignore[reportOptionalSubscript]
    ],
)
def test_what_is_started_is_a_command_with_its_options(command: list[str]) -> None:
    program, name, *options = command
    assert Path(program).name == "promptpilot"
    told = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "200", "NO_COLOR": "1"}).output
    assert [option for option in options if option.startswith("--") and option not in told] == []
    assert options[options.index("--port") + 1] == str(PORT)


def variables(value: object) -> Iterator[str]:
    """All variables of the program that are named in a document."""
    yield from re.findall(r"\bPROMPTPILOT_[A-Z_]+\b", repr(value))


@pytest.mark.parametrize(
    "name", ["compose.yaml", "several.yaml", "kubernetes.yaml", "promptpilot.service", "Dockerfile"]
)
def test_every_variable_is_a_setting_the_home_or_a_secret_that_is_documented(name: str) -> None:
    value: object = documents(name) if name.endswith(".yaml") else text(name)
    for variable in variables(value):
        section, _, setting = variable.removeprefix("PROMPTPILOT_").lower().partition("__")
        if setting:
            assert setting in getattr(Settings(), section).model_dump(), variable
        elif section not in {"home", "inbox"}:
            assert variable in SECRETS, variable


def test_the_pod_is_asked_for_its_health_where_it_tells_and_may_write_only_where_it_must() -> None:
    pod = documents("kubernetes.yaml")[0]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"] == {"path": HEALTH_PATH, "port": "http"}
    assert container["ports"] == [{"name": "http", "containerPort": PORT}]
    assert {mount["mountPath"] for mount in container["volumeMounts"]} == {HOME, "/tmp"}
    assert (pod["securityContext"]["runAsUser"], documents("kubernetes.yaml")[0]["spec"]["replicas"]) == (USER, 1)
    assert f"--uid {USER}" in text("Dockerfile")
    assert f"http://localhost:{PORT}{HEALTH_PATH}" in text("Dockerfile")
    (service,) = [one for one in documents("kubernetes.yaml") if one["kind"] == "Service"]
    assert service["spec"]["ports"][0]["targetPort"] == "http"


def test_compose_opens_the_pages_to_this_machine_alone() -> None:
    (service,) = documents("compose.yaml")[0]["services"].values()
    assert service["ports"] == [f"127.0.0.1:{PORT}:{PORT}"]
    assert {volume.rpartition(":")[2] for volume in service["volumes"]} == {HOME, f"{HOME}/inbox"}


def test_several_machines_are_alike_and_take_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    services = documents("several.yaml")[0]["services"]
    machine = services["promptpilot"]
    (extra,) = re.findall(r"\[(.*)\]", machine["build"]["args"]["EXTRAS"])
    assert "ARG EXTRAS" in text("Dockerfile")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert extra in project["optional-dependencies"]
    for name, value in machine["environment"].items():
        if name.startswith("PROMPTPILOT_") and "__" in name:
            monkeypatch.setenv(name, value)
    settings = Settings(home=tmp_path)
    assert settings.lake.writes == "auto"
    assert settings.inbox.url.partition("://")[0] == settings.lake.url.partition("://")[0] == "s3"
    assert make_url(settings.alerts.database_url).host in services
    assert machine["volumes"] == [HOME]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    # The program need not be where the unit has it.
    unit = tmp_path / "promptpilot.service"
    unit.write_text(re.sub(r"ExecStart=\S+", f"ExecStart={shutil.which('true')}", text(unit.name)), encoding="utf-8")
    told = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, check=False
    ).stderr  # fmt: skip
    assert [line for line in told.splitlines() if unit.name in line] == []
