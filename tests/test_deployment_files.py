"""The files that deploy it say what they should, as far as reading them can tell: no container engine is needed."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
APPLICATION = ("migrate", "web", "worker", "beat")
REQUIRED_VALUE = re.compile(r"\$\{[A-Z_]+:\?[^}]+\}")
PAGES = {".html", ".js", ".css"}
PINNED_IMAGE = re.compile(r"[a-z0-9/.-]+:\d+\.\d+[a-z0-9.-]*")


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions in order, continued lines joined."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


def last_stage() -> list[tuple[str, str]]:
    found = instructions()
    begin = max(index for index, (word, _) in enumerate(found) if word == "FROM")
    return found[begin:]


def values(word: str, stage: list[tuple[str, str]]) -> list[str]:
    return [rest for each, rest in stage if each == word]


def variables_of_settings() -> set[str]:
    """What settings ask the environment for, by name."""
    asked = re.compile(r"""environment\.(?:required|text|words|boolean|integer|choice)\(\s*"([A-Z_]+)\"""")
    folders = (ROOT / "accounts", ROOT / "departments", ROOT / "retention")
    return {name for folder in folders for path in folder.rglob("*.py") for name in asked.findall(path.read_text())}


def variables_of_compose() -> set[str]:
    return set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text()))


def documented_variables() -> set[str]:
    return set(re.findall(r"^(?:# )?([A-Z][A-Z_]+)=", (ROOT / ".env.example").read_text(), flags=re.MULTILINE))


def test_every_variable_that_is_read_is_documented_and_the_other_way_round() -> None:
    for_developers = {"HOLDFAST_SERVICES", "DJANGO_SETTINGS_MODULE"}
    assert documented_variables() == variables_of_settings() | variables_of_compose() | for_developers


def test_the_example_of_an_environment_holds_no_secret() -> None:
    text = (ROOT / ".env.example").read_text()
    for name in ("SECRET_KEY", "POSTGRES_PASSWORD", "EMAIL_HOST_PASSWORD"):
        assert re.search(rf"^(?:# )?{name}=$", text, flags=re.MULTILINE)


def test_the_image_is_built_in_stages_from_pinned_images() -> None:
    bases = [rest.split()[0] for rest in values("FROM", instructions())]
    assert len(bases) == 3
    assert [base for base in bases if not PINNED_IMAGE.fullmatch(base)] == []


def test_the_image_runs_as_a_user_without_rights() -> None:
    [user] = values("USER", last_stage())
    uid, _, gid = user.partition(":")
    assert int(uid) > 0
    assert int(gid) > 0


def test_the_image_asks_its_own_health_page() -> None:
    [check] = values("HEALTHCHECK", last_stage())
    assert '"scripts/healthcheck.py"' in check
    assert "/healthz" in (ROOT / "scripts" / "healthcheck.py").read_text()


def test_the_image_keeps_no_secret_and_runs_production_settings() -> None:
    kept = " ".join(values("ENV", instructions()) + values("ARG", instructions()))
    assert "DJANGO_SETTINGS_MODULE=retention.settings.base" in kept
    assert not re.search(r"SECRET|PASSWORD|TOKEN|DATABASE_URL", kept)


def test_everything_that_the_image_copies_exists_and_is_sent_to_the_builder() -> None:
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = [rest.split()[:-1] for rest in values("COPY", instructions()) if not rest.startswith("--from=")]
    sources = {source for sources in copied for source in sources}
    assert sources == sent
    assert [source for source in sorted(sources) if not (ROOT / source).exists()] == []


def test_the_image_brings_every_front_end_file_that_a_page_names() -> None:
    settings = (ROOT / "retention" / "settings" / "base.py").read_text()
    folders = dict(re.findall(r'\("(vendor/\w+)", BASE_DIR / "([^"]+)"\)', settings))
    pages = [path for name in ("templates", "static") for path in (ROOT / name).rglob("*") if path.suffix in PAGES]
    named = {name for path in pages for name in re.findall(r"vendor/[\w./-]+", path.read_text())}
    wanted = {f"{folders[folder]}/{name[len(folder) + 1 :]}" for name in named for folder in folders if folder in name}
    assert len(wanted) == len(named) > 0
    copied = {word.removeprefix("/assets/") for rest in values("COPY", instructions()) for word in rest.split()}
    assert wanted - copied == set()


def test_composed_are_database_broker_and_the_four_parts_of_the_application() -> None:
    assert set(SERVICES) == {"postgres", "valkey", *APPLICATION}


def test_services_of_others_are_pinned_and_the_database_is_postgresql_18() -> None:
    assert SERVICES["postgres"]["image"].startswith("postgres:18.")
    assert SERVICES["valkey"]["image"].startswith("valkey/valkey:")
    assert all(PINNED_IMAGE.fullmatch(SERVICES[name]["image"]) for name in ("postgres", "valkey"))


@pytest.mark.parametrize("name", ["web", "worker", "beat"])
def test_the_application_waits_for_healthy_services_and_a_finished_migration(name: str) -> None:
    assert {key: value["condition"] for key, value in SERVICES[name]["depends_on"].items()} == {
        "postgres": "service_healthy",
        "valkey": "service_healthy",
        "migrate": "service_completed_successfully",
    }


def test_the_migration_runs_once_after_the_database_is_healthy() -> None:
    assert SERVICES["migrate"]["restart"] == "no"
    assert SERVICES["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}


@pytest.mark.parametrize("name", ["postgres", "valkey", "worker", "beat"])
def test_everything_that_stays_up_has_a_health_check(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")


def test_the_web_service_keeps_the_health_check_of_its_image() -> None:
    assert "healthcheck" not in SERVICES["web"]


def test_data_are_kept_in_named_volumes() -> None:
    used = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert used == set(COMPOSE["volumes"]) == {"postgres", "valkey", "media"}
    # The image of PostgreSQL 18 keeps its data one folder higher than its predecessors did.
    assert SERVICES["postgres"]["volumes"] == ["postgres:/var/lib/postgresql"]


@pytest.mark.parametrize("name", APPLICATION)
def test_secrets_come_from_outside_and_a_missing_one_is_named(name: str) -> None:
    environment = SERVICES[name]["environment"]
    assert REQUIRED_VALUE.fullmatch(environment["SECRET_KEY"])
    assert REQUIRED_VALUE.search(environment["DATABASE_URL"])


def test_no_password_stands_in_the_composition() -> None:
    assert REQUIRED_VALUE.fullmatch(SERVICES["postgres"]["environment"]["POSTGRES_PASSWORD"])
    text = REQUIRED_VALUE.sub("", (ROOT / "docker-compose.yml").read_text())
    assert re.findall(r"(?i)(?:password|secret|token)\w*: *[^\s]", text) == []


def test_nothing_listens_beyond_this_machine() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports == ["127.0.0.1:${PORT:-8000}:8000"]


@pytest.mark.parametrize("name", APPLICATION)
def test_the_application_can_change_nothing_but_its_volumes(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]


@pytest.mark.parametrize("name", ["web", "worker"])
def test_files_under_way_lie_in_the_volume_and_not_in_memory(name: str) -> None:
    service = SERVICES[name]
    media = service["environment"]["TMPDIR"]
    assert f"media:{media}" in service["volumes"]
    assert media not in service["tmpfs"]
    assert f"MEDIA_ROOT={media}" in " ".join(values("ENV", last_stage()))


def test_broker_keeps_what_is_queued() -> None:
    command = " ".join(SERVICES["valkey"]["command"])
    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command


def test_the_front_end_is_pinned_to_the_patch_and_names_no_registry() -> None:
    lock = (ROOT / "package-lock.json").read_text()
    assert "http://" not in lock.replace("https://", "")
    assert '"resolved"' not in lock
    versions = re.findall(r'^    "[^"]+": "([^"]+)",?$', (ROOT / "package.json").read_text(), flags=re.MULTILINE)
    assert len(versions) == 6
    assert [version for version in versions if not re.fullmatch(r"\d+\.\d+\.\d+", version)] == []


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "requirements-node.txt"])
def test_every_python_requirement_is_pinned(name: str) -> None:
    lines = [line for line in (ROOT / name).read_text().splitlines() if line and not line.startswith(("#", "-r "))]
    assert lines
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*", line)] == []


def test_the_runtime_stays_light() -> None:
    runtime = (ROOT / "requirements.txt").read_text().lower()
    assert not re.search(r"^(?:pandas|scikit-learn|lightgbm|xgboost)", runtime, flags=re.MULTILINE)
