"""The composition root: makes the hub's parts, connects them, runs and ends them.

Process: hub.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import ipaddress
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, cast

import uvicorn

from convergecast.auth.agent_token import agent_token
from convergecast.auth.gate import ADMIN_TOKEN_VARIABLE, Gate
from convergecast.auth.guard import Guard
from convergecast.auth.throttle import Throttle
from convergecast.cameras.collector import Collector
from convergecast.cameras.registry import CameraRegistry
from convergecast.cameras.status import StatusBoard
from convergecast.cameras.supervisor import Supervisor
from convergecast.clock import SystemClock
from convergecast.config import HubConfig
from convergecast.engine.engine_process import EngineHost
from convergecast.engine.still_pictures import PictureAnalyzer
from convergecast.errors import ConvergeCastError, InvalidInput, Unavailable
from convergecast.events.log import EventLog
from convergecast.events.people_counts import CountHistory
from convergecast.events.pictures import PICTURES, EventPictures
from convergecast.faces.subsystem import FaceSubsystem
from convergecast.live.announcer import Announcer
from convergecast.live.broker import Broker
from convergecast.live.seats import Seats
from convergecast.local_agents.agents import LocalAgents
from convergecast.messages.event_views import event_texts
from convergecast.networks import why_not_bound
from convergecast.protocol.command_line import PROGRAM
from convergecast.protocol.hosts import is_loopback
from convergecast.protocol.places import Places
from convergecast.recording.clips import RECORDINGS, ClipStore
from convergecast.recording.exports import EXPORTS, Exports
from convergecast.storage.database import DATABASE_NAME, EVENTS_DATABASE_NAME, Database
from convergecast.storage.folder_lock import FolderLock
from convergecast.web.asgi import create_asgi
from convergecast.web.connections import (
    ACCEPTED_AT_ONCE,
    KEPT_ALIVE_S,
    QUEUED,
    PatientProtocol,
    connection_limits,
)
from convergecast.web.event_views import event_view
from convergecast.web.live import MAX_SOCKET_MESSAGE_BYTES
from convergecast.web.proxies import Proxies
from convergecast.web.services import Services, engine_status, shown_camera
from convergecast.web.usage import UsageLog
from convergecast.web.websocket_protocol import PromptProtocol

if TYPE_CHECKING:
    from convergecast.mdns import Announcement

_OPEN_FILES = 65_536
_STREAMS_A_VIEWER = 4
# Wrong ones of one address: programs that were not told of a new token ask often, people do not.
_WRONG_TOKENS, _WRONG_TOKEN_EVERY_S = 200, 0.2
_WRONG_SIGN_INS, _WRONG_SIGN_IN_EVERY_S = 5, 10.0
_END_SIGNALS = (signal.SIGINT, signal.SIGTERM)

log = logging.getLogger("hub")


class _Server(uvicorn.Server):
    """Ends on SIGINT and SIGTERM without raising them again: the hub has to end its parts."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle the signals while serving."""
        before = {number: signal.signal(number, self.handle_exit) for number in _END_SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


class Hub:
    """A hub that is about to run.

    Args:
        config: its settings.
        on_ready: called with the agent token once the hub answers requests, in a thread of its
            own. The link is printed afterwards.

    Raises:
        InvalidInput: the configuration is impossible.
        Unavailable: the address or the data folder cannot be used.
    """

    def __init__(self, config: HubConfig, *, on_ready: Callable[[str], None] | None = None) -> None:
        """Bind the address, open the databases and connect the parts; nothing runs yet."""
        admin_token = os.environ.get(ADMIN_TOKEN_VARIABLE) or None
        self._config = config
        self._on_ready = on_ready
        self._announcement: Announcement | None = None
        self._folder = FolderLock(config.data_dir)
        with contextlib.ExitStack() as undo:
            undo.callback(self._folder.release)
            self._socket = _bind(config)
            undo.callback(self._socket.close)
            self._database = Database(config.data_dir / DATABASE_NAME)
            self._events_database = Database(
                config.data_dir / EVENTS_DATABASE_NAME, "events", durable=True
            )
            undo.pop_all()
        self.services = self._compose(admin_token)
        self._folder.tell(self.address)
        if self.services.gate.offers_link and not is_loopback(config.host):
            self.close()
            raise InvalidInput(
                f"Listening on {config.host} needs an account: make one first ({PROGRAM} user add "
                f"NAME --role admin), or set {ADMIN_TOKEN_VARIABLE} to a secret of at least 16 "
                "characters."
            )

    def run(self) -> None:
        """Serve until SIGINT or SIGTERM."""
        _allow_many_files()
        try:
            asyncio.run(self._serve())
        finally:
            self.close()

    def close(self) -> None:
        """End all processes, close databases and socket."""
        if self._announcement is not None:
            self._announcement.stop()
        self.services.usage.stop()
        self.services.upkeep.stop()
        self.services.clips.stop()
        self.services.events.stop()
        self.services.local_agents.stop()
        self.services.supervisor.stop()
        self.services.counts.close()
        self._database.close()
        self._events_database.close()
        self._socket.close()
        self._folder.release()

    def _compose(self, admin_token: str | None) -> Services:
        config, database, clock = self._config, self._database, SystemClock()
        port: int = self._socket.getsockname()[1]
        gate = Gate(database=database, clock=clock, admin_token=admin_token)
        faces = FaceSubsystem(
            database=database,
            clock=clock,
            allowed=config.recognition_allowed,
            find=lambda picture: picture_analyzer.analyze(
                picture, options=("recognition",), crops=True
            ),
        )
        registry = CameraRegistry(
            database=database, config=config, clock=clock, faces=faces.settings
        )
        broker = Broker(on_demand=lambda camera_id: supervisor.update(camera_id))
        board = StatusBoard(
            broker=broker,
            clock=clock,
            database=database,
            on_state=lambda camera_id: announcer.state_changed(camera_id),
            on_numbers=lambda camera_id: announcer.figures_changed(camera_id),
        )
        engine = EngineHost(config=config, on_change=lambda: supervisor.update_all())
        counts = CountHistory(database=database, now_s=clock.now())
        events = EventLog(
            self._events_database,
            clock,
            EventPictures(config.data_dir / PICTURES),
            lambda change, event: announcer.event_changed(
                event.camera_id,
                str(event.id),
                *event_texts(
                    change,
                    event_view(
                        event,
                        {camera.id: camera.name for camera in registry.all()},
                        faces.gallery.names(),
                        clips,
                    ),
                ),
            ),
        )
        events.forget_all_but(faces.gallery.names())
        clips = ClipStore(
            config.data_dir / RECORDINGS,
            database,
            clock,
            pictures=events.trim_pictures,
            kept=events.kept_spans,
        )
        collector = Collector(
            board=board,
            broker=broker,
            recogniser=faces.recogniser,
            counts=counts,
            events=events,
            clips=clips,
        )
        supervisor = Supervisor(
            registry=registry,
            board=board,
            broker=broker,
            collector=collector,
            engine=engine,
            config=config,
            agent_problem=lambda camera: local_agents.problem(camera),
        )
        announcer = Announcer(
            view=lambda camera_id: shown_camera(registry, board, camera_id),
            status=lambda caller: engine_status(engine, registry, board, config, caller),
        )
        hub, loopback = _own_place(self._socket)
        local_agents = LocalAgents(
            registry=registry,
            clock=clock,
            hub=hub,
            address=loopback,
            on_change=supervisor.update,
            on_pictures=supervisor.heard_from,
        )
        registry.listen(local_agents.update)
        registry.listen(supervisor.update)
        registry.listen(announcer.state_changed)
        picture_analyzer = PictureAnalyzer(engine=engine, want_engine=supervisor.want_engine)
        faces.follow(
            camera_ids=lambda: [camera.id for camera in registry.all()],
            revise=broker.revise,
            take_off=lambda: registry.switch_off("recognition"),
            update_all=supervisor.update_all,
        )
        return Services(
            config=config,
            address=str(self._socket.getsockname()[0]),
            port=port,
            clock=clock,
            database=database,
            gate=gate,
            # Browsers share cookies between ports.
            guard=Guard(
                gate=gate,
                cookie=f"convergecast_{port}",
                tokens=Throttle("token", burst=_WRONG_TOKENS, every_s=_WRONG_TOKEN_EVERY_S),
            ),
            sign_ins=Throttle("sign-in", burst=_WRONG_SIGN_INS, every_s=_WRONG_SIGN_IN_EVERY_S),
            proxies=Proxies(config.proxy_networks(), config.root_path),
            registry=registry,
            board=board,
            broker=broker,
            counts=counts,
            events=events,
            clips=clips,
            exports=Exports(config.data_dir / EXPORTS, clips),
            announcer=announcer,
            viewer_seats=Seats(config.max_viewers),
            stream_seats=Seats(_STREAMS_A_VIEWER * config.max_viewers),
            engine=engine,
            collector=collector,
            supervisor=supervisor,
            local_agents=local_agents,
            picture_analyzer=picture_analyzer,
            gallery=faces.gallery,
            faces_settings=faces.settings,
            enrolment=faces.enrolment,
            recogniser=faces.recogniser,
            upkeep=faces.upkeep,
            usage=UsageLog(pids=lambda: _pids(engine, supervisor, local_agents), now=clock.now),
            show_next_link=self._show_next_link,
        )

    async def _serve(self) -> None:
        places = Places(connection_limits())
        server = _Server(
            uvicorn.Config(
                create_asgi(self.services),
                access_log=False,
                backlog=ACCEPTED_AT_ONCE,
                http=cast(
                    Any,
                    functools.partial(
                        PatientProtocol, places=places, is_proxy=self.services.proxies.is_trusted
                    ),
                ),
                lifespan="off",
                log_config=None,
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=1,
                timeout_keep_alive=int(KEPT_ALIVE_S),
                ws=PromptProtocol,
                ws_max_size=MAX_SOCKET_MESSAGE_BYTES,
                ws_per_message_deflate=False,
            )
        )
        self.services.broker.attach(asyncio.get_running_loop())
        announcing = asyncio.create_task(self.services.announcer.run())
        following = asyncio.create_task(self.services.gate.follow())
        threading.Thread(
            target=self._when_ready, args=(server,), name="when ready", daemon=True
        ).start()
        try:
            await server.serve(sockets=[self._socket])
        finally:
            for task in (announcing, following):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    def _announce(self) -> None:
        """Let agents of the networks that the hub serves find it; on loopback there are none."""
        host = str(self._socket.getsockname()[0])
        if not self._config.discovery or is_loopback(host):
            return
        # The library for mDNS, which a hub on loopback does without.
        from convergecast.mdns import Announcement, hub_id

        port = self.services.port
        self._announcement = Announcement(host=host, port=port, hub_id=hub_id(self._database))
        self._announcement.start()

    def _when_ready(self, server: _Server) -> None:
        """Once the hub answers, start the cameras and print the link; runs in its own thread."""
        while not server.started:
            if server.should_exit:
                return
            time.sleep(0.01)
        self._socket.listen(QUEUED)  # uvicorn has set it to what is accepted at once
        try:
            self.services.clips.start()
            self.services.supervisor.start()
            self.services.local_agents.start()
            self.services.upkeep.start()
            self.services.usage.start()
            self.services.events.start()
            self._announce()
            if self._on_ready:
                self._on_ready(agent_token(self._database))
        except ConvergeCastError as error:
            if not server.should_exit:
                log.error("%s", error)
        if not server.should_exit:
            self._show_link()
            _say("Ctrl+C stops the hub.\n")

    def _show_link(self) -> None:
        """Print the address to open on standard output, with empty lines around it."""
        address, gate = self.address, self.services.gate
        if gate.offers_link:
            line = f"Open {address}/?token={gate.link_token()}"
        elif gate.accounts.all():
            line = f"Open {address} and sign in."
        else:
            line = f"Open {address} and sign in with the administrator token."
        _say()
        print(line, flush=True)  # noqa: T201
        _say()

    def _show_next_link(self) -> None:
        """Print the next link, after one was opened."""
        _say("\nThe link was opened, and each works once. The next one is:")
        self._show_link()

    @property
    def address(self) -> str:
        """The address that a browser on this machine opens."""
        host = self._config.host
        with contextlib.suppress(ValueError):
            if ipaddress.ip_address(host).is_unspecified:
                host = "127.0.0.1"
        return f"http://{f'[{host}]' if ':' in host else host}:{self.services.port}"


def _say(line: str = "") -> None:
    """Write a line for people, on standard error like the log."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201


def _bind(config: HubConfig) -> socket.socket:
    """Return a socket that listens on the hub's address; done before anything else starts."""
    bound: socket.socket | None = None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            config.host, config.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        bound = socket.socket(family, kind, protocol)
        if sys.platform == "win32":  # SO_REUSEADDR would let two programs share a port on Windows
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen(QUEUED)
    except OSError as error:
        if bound is not None:
            bound.close()
        raise Unavailable(
            f"The hub cannot listen on {config.host}:{config.port} ({error.strerror}): "
            f"{why_not_bound(error)}."
        ) from error
    return bound


def _own_place(bound: socket.socket) -> tuple[str, str]:
    """Return where programs of this machine reach the hub, and the loopback address beside it."""
    host, port = bound.getsockname()[:2]
    loopback = "::1" if ":" in host else "127.0.0.1"
    address = ipaddress.ip_address(host)
    host = loopback if address.is_unspecified else host
    return f"http://{f'[{host}]' if ':' in host else host}:{port}", loopback


def _pids(engine: EngineHost, supervisor: Supervisor, local_agents: LocalAgents) -> dict[str, int]:
    """Return the process ids of the hub, its engine, its workers and its agents, by name."""
    own = {"hub": os.getpid()} | ({"engine": engine.pid} if engine.pid else {})
    of_cameras = (("camera", supervisor.pids()), ("agent", local_agents.pids()))
    return own | {f"{kind} {one}": pid for kind, pids in of_cameras for one, pid in pids.items()}


def _allow_many_files() -> None:
    """Raise the limit of open files as far as the system allows: each camera needs a few."""
    if sys.platform == "win32":
        return
    import resource  # it does not exist on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES)
    if soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
