"""The documentation keeps up: routes, settings, metrics, commands, and every relative link."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from convergecast import __version__
from convergecast.config import HubConfig
from convergecast.errors import ConvergeCastError
from convergecast.hub import Hub
from convergecast.web.app import create_app
from convergecast.web.asgi import SOCKETS
from tests.integration.test_hostile_agents import HOSTILE, HOSTILE_STREAMS

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
PAGES += [ROOT / "scripts" / "gpu" / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
MOST_WORDS = 14_000


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_every_route_is_in_the_api_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONVERGECAST_ADMIN_TOKEN", raising=False)
    hub = Hub(HubConfig(port=0, data_dir=tmp_path))
    rules = {rule.rule for rule in create_app(hub.services).url_map.iter_rules()}
    hub.close()
    page = text("docs/api.md")
    for rule in rules | set(SOCKETS):
        shown = (
            rule.replace("<id:", "<").replace("<face_id>", "FACE").replace("<path:name>", "NAME")
        )
        shown = re.sub(r"<\w+>", "ID", shown)
        shown = "/static/" if shown.startswith("/static/") else shown
        assert shown.rstrip("/") in page, f"{rule} is not in docs/api.md"


def test_every_metric_is_in_the_api_page() -> None:
    source = text("convergecast/web/api/metrics.py")
    name = r'"(?:convergecast_)?((?:camera|engine|process|viewers)[a-z_]*)", (?:"|text)'
    names = set(re.findall(name, source))
    assert len(names) > 5
    for name in names:
        assert f"convergecast_{name}" in text("docs/api.md"), name


def kinds(error: type[ConvergeCastError]) -> set[str]:
    return {error.kind}.union(*(kinds(child) for child in error.__subclasses__()))


def test_every_kind_of_error_is_in_the_api_page() -> None:
    for kind in kinds(ConvergeCastError) - {"error"}:
        assert f"`{kind}`" in text("docs/api.md"), kind


def test_every_setting_is_in_the_configuration_page_with_its_default() -> None:
    rows = dict(re.findall(r"^- `(\w+)` \((.*?)\): ", text("docs/configuration.md"), re.M))
    for field in msgspec.structs.fields(HubConfig):
        assert field.name in rows, field.name
        if field.name != "data_dir":
            default = str(field.default).replace("()", "[]")
            assert rows[field.name].strip('`"').lower() == default.lower(), field.name


def test_every_environment_variable_is_in_the_configuration_page() -> None:
    found: set[str] = set()
    for folder in ("convergecast", "agent", "tests"):
        for path in (ROOT / folder).rglob("*.py"):
            found |= set(
                re.findall(r"\bCONVERGECAST_[A-Z_]+[A-Z]\b", path.read_text(encoding="utf-8"))
            )
    for name in found:
        assert name in text("docs/configuration.md"), name


def test_every_command_is_in_the_readme() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "convergecast", "--help"], capture_output=True, text=True, check=True
    )
    commands = re.findall(r"^    (\w+) +", done.stdout, re.M)
    assert {"serve", "demo", "models", "token", "doctor", "bench"} <= set(commands)
    for command in commands:
        page = "CONTRIBUTING.md" if command == "bench" else "README.md"
        assert f"python -m convergecast {command}" in text(page), command


def test_every_bench_is_in_the_contributing_page() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "convergecast", "bench", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    benches = re.findall(r"\w+", re.findall(r"\{([\w,\s]+)\}", done.stdout)[0])
    assert {"live", "engine", "performance"} <= set(benches)
    rows = re.findall(r"^\| `(\w+)[ `]", text("CONTRIBUTING.md"), re.M)
    assert set(benches) <= set(rows)


def test_every_option_of_the_agent_is_in_the_configuration_page() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "agent" / "agent.py"), "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    for option in set(re.findall(r"^  (--[a-z-]+)", done.stdout, re.M)) - {"--version"}:
        assert f"`{option}" in text("docs/configuration.md"), option


def test_the_documentation_stays_short_enough_to_be_read() -> None:
    """README and docs/*.md, without the decisions in docs/adr/; words as `wc -w` counts them."""
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    counts = {page.name: len(page.read_text(encoding="utf-8").split()) for page in pages}
    assert sum(counts.values()) <= MOST_WORDS, counts


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_version_is_that_of_the_changelog() -> None:
    first = re.search(r"^## \[(.+?)\]", text("CHANGELOG.md"), re.M)
    assert first
    assert first[1] == __version__


def test_every_hostile_input_is_in_the_robustness_page_with_what_the_tile_says() -> None:
    """A row holds the inputs of one sentence, with semicolons between them."""
    rows = re.findall(r"^\| (.*?) \| (.*?) \|$", text("docs/robustness.md"), re.M)
    said = {name: sentence for names, sentence in rows for name in names.split("; ")}
    for name, (_, words) in {**HOSTILE, **HOSTILE_STREAMS}.items():
        assert words in said[name], name
