"""`POST /server/`, where agents register, and the command that starts an agent. Process: hub."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, Response, request

from convergecast.auth.access import Access, allow
from convergecast.auth.agent_token import agent_token
from convergecast.errors import Forbidden, InvalidInput
from convergecast.messages.api import AgentCommand, Commands
from convergecast.networks import served_addresses
from convergecast.protocol import PROTOCOL_VERSION, ProtocolError
from convergecast.protocol.command_line import PROGRAM
from convergecast.protocol.hosts import is_loopback
from convergecast.protocol.registration import MAX_BODY_BYTES, decode_registration, encode_reply
from convergecast.web.api.request_body import answer
from convergecast.web.caller import address, keep_place
from convergecast.web.proxies import FORWARDED, FORWARDED_FOR
from convergecast.web.services import Services


def blueprint(services: Services) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("agents", __name__)

    @routes.post("/server/")
    @routes.post("/server", endpoint="register_without_slash")
    @allow(Access.PUBLIC, body_bytes=MAX_BODY_BYTES)
    def register() -> Response:
        if request.headers.get("Origin"):
            raise Forbidden("Registrations come from agents, not from web pages.")
        if request.headers.get(FORWARDED_FOR) or request.headers.get(FORWARDED):
            raise Forbidden(
                f"This registration came through a proxy at {address()} that this hub does not "
                "trust: add it to trusted_proxies in the hub's configuration, or give the agent "
                "the hub's own address."
            )
        try:
            registration = decode_registration(request.get_data())
        except ProtocolError as error:
            raise InvalidInput(f"This registration cannot be used: {error}.") from error
        if registration.protocol > PROTOCOL_VERSION:
            raise InvalidInput(
                f"This agent speaks protocol {registration.protocol}, the hub only "
                f"{PROTOCOL_VERSION}: install the hub's version of the agent, or a newer hub."
            )
        reply = services.registry.register(registration, request.remote_addr or "")
        shows_key = registration.proof if registration.proves else registration.camera_key
        if reply.status == "online" and reply.camera_key is None and shows_key:
            keep_place(f"camera {reply.camera_id}")
        if reply.camera_id:
            services.supervisor.heard_from(reply.camera_id)
        if registration.is_two_field:
            return Response("OK", mimetype="text/plain")
        return Response(encode_reply(reply, registration.nonce or ""), mimetype="application/bson")

    @routes.get("/api/v1/agent-command")
    @allow(Access.INSPECT)
    def agent_command() -> Response:
        hub = f"{request.scheme}://{request.host}{request.script_root}"
        token = agent_token(services.database)
        here, there = _commands(hub, token), _hub_elsewhere(hub, services)
        return answer(
            AgentCommand(
                hub=hub,
                linux=here.linux,
                windows=here.windows,
                only_this_machine=is_loopback(services.config.host),
                program=PROGRAM,
                elsewhere=None if there is None else _commands(there, token),
            )
        )

    return routes


def _commands(hub: str, token: str) -> Commands:
    return Commands(
        hub=hub,
        linux=f"CONVERGECAST_AGENT_TOKEN={token} ./install_linux.sh agent --hub {hub}",
        windows=f'set "CONVERGECAST_AGENT_TOKEN={token}" && install_windows.bat agent --hub {hub}',
    )


def _hub_elsewhere(hub: str, services: Services) -> str | None:
    """Return the address at which other machines reach the hub; None: they do not."""
    if not is_loopback(urlsplit(hub).hostname or ""):
        return hub
    host = next(iter(served_addresses(services.address)), None)
    return host and f"http://{f'[{host}]' if ':' in host else host}:{services.port}"
