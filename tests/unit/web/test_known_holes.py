"""Holes that other camera systems have had, each by its kind; where else one is tested is said.

Forged addresses: tests/integration/test_doors.py. Names on the page: tests/browser/test_names.py.
A route or socket without a rule, default accounts, forged changes: tests/unit/auth. Bodies that
unpack to more, pickles: tests/integration/test_hostile_agents.py. Guessing: test_throttle.py.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from convergecast.config import HubConfig
from convergecast.hub import Hub
from convergecast.web.app import create_app
from convergecast.web.asgi import create_asgi
from tests.support.asgi import ask

ROOT = Path(__file__).parents[3]
TOKEN = "an administrator's token"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
SECRET = "what lies beside the static files"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setenv("CONVERGECAST_ADMIN_TOKEN", TOKEN)
    hub = Hub(HubConfig(port=0, data_dir=tmp_path / "data"))
    (tmp_path / "data" / "secret.txt").write_text(SECRET)
    yield hub
    hub.close()


@pytest.fixture
def client(hub: Hub) -> FlaskClient:
    return create_app(hub.services).test_client()


def test_no_path_leads_out_of_the_folders(hub: Hub) -> None:
    application = create_asgi(hub.services)
    secret = hub.services.config.data_dir / "secret.txt"
    up = "../" * 12
    spellings = [str(secret), f"{up}{secret}", f"..\\..\\{secret}", "....//....//etc/passwd"]
    spellings += [f"{up}etc/passwd", "/etc/passwd", "%2e%2e/%2e%2e/etc/passwd", "..;/etc/passwd"]
    spellings += ["C:\\Windows\\win.ini", "file:///etc/passwd", f"js/../../{up}etc/passwd", "\x00"]
    places = ["/static/{}", "/api/v1/cameras/{}/snapshot.jpg", "/api/v1/people/x/faces/{}.jpg"]
    places += ["/api/v1/unknown-faces/{}.jpg", "/api/v1/cameras/{}/stream.mjpg"]
    for place in places:
        for spelling in spellings:
            answer = ask(application, "GET", place.format(spelling), headers=BEARER)
            assert answer.status in (400, 404, 308), (place, spelling)
            assert SECRET.encode() not in answer.body and b"root:" not in answer.body


@pytest.mark.parametrize("text", ["' OR 1=1 --", "1; DROP TABLE cameras", '" UNION SELECT 1', "%"])
def test_no_value_becomes_sql(client: FlaskClient, text: str) -> None:
    for path in ("/api/v1/counts", "/api/v1/sightings"):
        for name in ("camera", "person", "since", "until", "limit"):
            answer = client.get(path, query_string={name: text}, headers=BEARER)
            assert answer.status_code in (200, 400, 404), (path, name)
            if answer.status_code == 200:
                assert all(value == [] for value in answer.get_json().values())
    assert client.get("/api/v1/cameras", headers=BEARER).get_json() == {"cameras": []}


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def test_nothing_becomes_a_command_or_code() -> None:
    """No shell, no evaluated text, nothing unpickled, no YAML; programs are started by a list."""
    forbidden = {"eval", "exec", "os.system", "os.popen", "subprocess.getoutput", "compile"}
    unsafe = ("pickle.", "marshal.", "shelve.", "yaml.", "dill.", "joblib.")
    for package in ("convergecast", "agent"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for name, call in calls(ast.parse(path.read_text(encoding="utf-8"))):
                where = f"{path.relative_to(ROOT)}:{call.lineno} {name}"
                assert name not in forbidden, where
                assert not name.startswith(unsafe), where
                shell = [word for word in call.keywords if word.arg == "shell"]
                assert shell == [], where
                allowed = [word for word in call.keywords if word.arg == "allow_pickle"]
                assert all(ast.unparse(word.value) == "False" for word in allowed), where


def test_no_other_page_may_read_an_answer(client: FlaskClient) -> None:
    for path in ("/api/v1/cameras", "/login", "/healthz", "/api/openapi.json"):
        answer = client.get(path, headers={**BEARER, "Origin": "http://evil.example"})
        assert not [name for name in dict(answer.headers) if "access-control" in name.lower()]
