"""What the compose file and the Dockerfile promise, checked without a Docker engine."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
EVERY_SERVICE = pytest.mark.parametrize("name", sorted(SERVICES))


def test_the_compose_file_follows_the_published_schema() -> None:
    schema = ["--builtin-schema", "vendor.compose-spec"]
    command: list[str | Path] = [BIN / "check-jsonschema", *schema, ROOT / "docker-compose.yml"]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_dockerfile_passes_the_linter() -> None:
    dockerfiles = sorted((ROOT / "deploy").glob("Dockerfile*"))
    assert dockerfiles
    checked = subprocess.run([BIN / "hadolint", *dockerfiles], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_suite_has_its_seven_parts_and_others_for_who_asks_for_them() -> None:
    always = {"postgres", "mlflow", "luigid", "pipeline", "grpc", "bento", "planner"}
    assert {name for name, service in SERVICES.items() if "profiles" not in service} == always
    assert set(SERVICES) - always == {"history", "weekly", "prometheus", "grafana"}


@EVERY_SERVICE
def test_every_service_has_a_health_check(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


@EVERY_SERVICE
def test_every_service_runs_without_root_and_without_capabilities(name: str) -> None:
    service = SERVICES[name]
    assert str(service["user"]).split(":")[0] not in {"", "0", "root"}
    assert service["cap_drop"] == ["ALL"]
    assert service["read_only"] is True


@EVERY_SERVICE
def test_every_image_is_pinned(name: str) -> None:
    tag = SERVICES[name]["image"].rpartition(":")[2]
    assert re.match(r"v?\d+\.\d+", tag), f"{name} runs {SERVICES[name]['image']}"


def test_every_base_image_is_pinned() -> None:
    text = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8")
    outside = [image for image in re.findall(r"^FROM (\S+)", text, flags=re.MULTILINE) if ":" in image]
    assert outside == ["python:3.11.14-slim-bookworm"]


def test_the_server_keeps_plans_where_the_runs_count_them_and_its_image_has_what_that_needs() -> None:
    assert SERVICES["grpc"]["environment"]["STOCKOUT_STATE_URL"] == "sqlite:////work/state.db"
    assert "work:/work" in SERVICES["grpc"]["volumes"]
    for runs in ("pipeline", "weekly"):
        assert "STOCKOUT_STATE_URL" not in SERVICES[runs]["environment"], "else the work dir's is not what they have"
    (serving,) = re.findall(r"AS build-serving\n(.*?)\n\n", (ROOT / "deploy/Dockerfile").read_text(), flags=re.DOTALL)
    assert "--extra plans" in serving


@EVERY_SERVICE
def test_ports_open_on_the_loopback_only(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


@EVERY_SERVICE
def test_what_is_kept_lies_in_a_named_volume(name: str) -> None:
    volumes = [volume for volume in SERVICES[name].get("volumes", []) if not volume.startswith("${INPUT_DIR")]
    shipped = [volume for volume in volumes if volume.startswith("./deploy/")]
    assert all(volume.endswith(":ro") and (ROOT / volume.split(":")[0]).is_dir() for volume in shipped)
    assert {volume.split(":")[0] for volume in volumes if volume not in shipped} <= set(COMPOSE["volumes"])


def test_no_password_stands_in_the_compose_file_or_its_example() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    assert not re.search(r"PASSWORD: (?!\$\{)", text)
    assert not re.search(r"://\w+:(?!\$\{)[^@\s]+@", text)
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert re.search(r"^POSTGRES_PASSWORD=$", example, flags=re.MULTILINE)


def test_every_variable_of_the_compose_file_is_in_the_example() -> None:
    used = set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text(encoding="utf-8")))
    given = set(re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert used == given


def test_only_the_password_and_what_can_be_left_out_have_no_value_in_the_example() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert re.findall(r"^(\w+)=$", example, flags=re.MULTILINE) == ["POSTGRES_PASSWORD", "HISTORY_ADDRESS"]


def test_what_the_dockerfile_copies_is_in_the_build_context() -> None:
    """Docker ignores all but what stands with ``!`` in .dockerignore."""
    ignored, *let_in = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert ignored == "*"
    copies = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "deploy/Dockerfile").read_text(), flags=re.MULTILINE)
    sources = {source for copied in copies for source in copied.split()}
    assert {f"!{source.split('/')[0]}" for source in sources} <= set(let_in)
    assert all((ROOT / source).exists() for source in sources)


def test_luigis_settings_lie_where_luigid_is_started() -> None:
    """Luigi reads ``luigi.cfg`` in its working directory, which the image sets."""
    stages = re.split(r"^FROM ", (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    base, pipeline = (next(each for each in stages if f"AS {name}\n" in each) for name in ("base", "pipeline"))
    assert "\nWORKDIR /app\n" in base
    assert "\nCOPY luigi.cfg ./\n" in pipeline
    assert "WORKDIR" not in pipeline
    assert not {"working_dir", "entrypoint"} & SERVICES["luigid"].keys()
