"""A hub behind nginx: the recipe docs/nginx.conf, and what people write first."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from http.cookiejar import Cookie
from pathlib import Path
from typing import Any, cast

import pytest
import requests
from websockets.sync.client import connect

from tests.support.addresses import free_port
from tests.support.rig import Rig

ROOT = Path(__file__).parents[2]
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
pytestmark = pytest.mark.skipif(
    not (NGINX and shutil.which("openssl")), reason="nginx and openssl are not installed"
)

_AROUND = """\
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  {servers}
}}
"""


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[Callable[[str, int], None]]:
    """Starts nginx with server blocks, and waits until it listens on a port."""
    started: list[subprocess.Popen[bytes]] = []

    def start(servers: str, port: int) -> None:
        folder = tmp_path / "nginx"
        folder.mkdir()
        file = folder / "nginx.conf"
        file.write_text(_AROUND.format(folder=folder, servers=servers))
        started.append(subprocess.Popen([str(NGINX), "-c", str(file), "-e", f"{folder}/error.log"]))
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError((folder / "error.log").read_text())

    yield start
    for process in started:
        process.terminate()
        process.wait(10)


def recipe() -> str:
    return (ROOT / "docs" / "nginx.conf").read_text(encoding="utf-8")


def hub_behind(folder: Path, settings: str) -> tuple[Rig, int]:
    (folder / "hub.toml").write_text(settings)
    rig = Rig(folder, options=("--config", str(folder / "hub.toml")))
    return rig, int(rig.url.rpartition(":")[2])


def test_the_recipe_gives_tls_a_path_sockets_and_the_clients_own_address(
    tmp_path: Path, nginx: Callable[[str, int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    rig, hub_port = hub_behind(
        tmp_path, 'trusted_proxies = ["127.0.0.1/32"]\nroot_path = "/cams"\n'
    )
    try:
        certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt"]
        command += ["ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=127.0.0.1", "-addext"]
        command += ["subjectAltName=IP:127.0.0.1", "-days", "1", "-keyout", str(key), "-out"]
        subprocess.run([*command, str(certificate)], check=True, capture_output=True)
        port = free_port()
        servers = recipe().replace("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;")
        servers = servers.replace("127.0.0.1:5000", f"127.0.0.1:{hub_port}")
        servers = servers.replace("/etc/ssl/hub.pem", str(certificate))
        nginx(servers.replace("/etc/ssl/hub.key", str(key)), port)

        origin = f"https://127.0.0.1:{port}"
        page = requests.Session()
        page.verify, page.trust_env = str(certificate), False
        page.headers["Origin"] = origin
        signed_in = page.post(f"{origin}/cams/login", data={"token": rig.admin_token}, timeout=10)
        assert signed_in.url == f"{origin}/cams/"
        (cookie,) = cast(Iterable[Cookie], page.cookies)
        assert (cookie.secure, cookie.path) == (True, "/cams")
        for link in set(re.findall(r'(?:href|src)="(/[^"]+)"', signed_in.text)):
            assert page.get(f"{origin}{link}", timeout=10).status_code == 200, link
        command_answer = page.get(f"{origin}/cams/api/v1/agent-command", timeout=10).json()
        assert command_answer["hub"] == f"{origin}/cams"

        monkeypatch.setenv("CONVERGECAST_AGENT_TOKEN", rig.agent_token)
        rig.start_agent(
            *("--hub", f"{origin}/cams", "--tls-ca", str(certificate)),
            *("--source", "demo", "--name", "Hall"),
        )
        (camera,) = rig.wait_online(1)
        changed = page.patch(
            f"{origin}/cams/api/v1/cameras/{camera['id']}", json={"name": "Door"}, timeout=10
        )
        assert (changed.status_code, changed.json()["name"]) == (200, "Door")

        trusting = ssl.create_default_context(cafile=str(certificate))
        headers = {"Cookie": f"{cookie.name}={cookie.value}", "Origin": origin}
        url = f"wss://127.0.0.1:{port}/cams/live"
        with connect(url, ssl=trusting, additional_headers=headers, compression=None) as live:
            assert json.loads(live.recv(timeout=10))["type"] == "hello"
            live.send(json.dumps({"type": "watch", "cameras": [camera["id"]]}))
            while not isinstance(live.recv(timeout=10), bytes):
                pass
    finally:
        rig.close()


def test_other_ways_work_or_say_in_one_sentence_what_is_missing(
    tmp_path: Path, nginx: Callable[[str, int], None]
) -> None:
    rig, hub_port = hub_behind(tmp_path, "")
    try:
        plain, without_port = free_port(), free_port()
        upstream = f"proxy_pass http://127.0.0.1:{hub_port};"
        nginx(
            f"server {{ listen 127.0.0.1:{plain}; location / {{ {upstream} }} }}"
            f"server {{ listen 127.0.0.1:{without_port}; location / {{ {upstream}"
            " proxy_set_header Host $host;"
            " proxy_set_header X-Forwarded-For $remote_addr; } }",
            without_port,
        )

        def ask(port: int, method: str, path: str, **request: Any) -> requests.Response:
            origin = f"http://127.0.0.1:{port}"
            headers = {"Origin": origin, "Accept": "application/json"}
            return page.request(method, f"{origin}{path}", headers=headers, timeout=10, **request)

        for port in (plain, without_port):
            page = requests.Session()
            signed_in = ask(port, "POST", "/login", data={"token": rig.admin_token})
            assert signed_in.status_code == 200
            assert ask(port, "GET", "/api/v1/cameras").status_code == 200
            refused = ask(port, "PUT", "/api/v1/settings", json={})
            assert refused.status_code == 403
            assert f"comes from http://127.0.0.1:{port}, and was sent to" in refused.text
            assert "pass the browser's Host on" in refused.text
            live = ask(port, "GET", "/live")
            assert live.status_code == 426
            assert "Upgrade and Connection" in live.json()["message"]
        environment = {**os.environ, "CONVERGECAST_AGENT_TOKEN": rig.agent_token}
        environment["CONVERGECAST_AGENT_STATE"] = str(tmp_path / "agents")
        rig.start_agent("--hub", f"http://127.0.0.1:{without_port}", "--source", "demo")
        rig.wait_for(lambda: "trusted_proxies" in rig.log(), "the reason in the agent's log", 20)
    finally:
        rig.close()
