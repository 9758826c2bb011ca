"""`/api/v1/system`: the hub's processes, what they use, and the doctor's findings. Process: hub."""

from __future__ import annotations

import platform
import threading
import time

import msgspec
from flask import Blueprint, Response

from convergecast import __version__
from convergecast.auth.access import Access, allow
from convergecast.errors import TooMany, Unavailable
from convergecast.ipc.processes import ChildProcess
from convergecast.messages.system import (
    CheckFinding,
    CheckFindings,
    ProcessUsage,
    System,
    UsageHistory,
)
from convergecast.protocol.command_line import PROGRAM
from convergecast.web.api.request_body import answer
from convergecast.web.services import Services

_DOCTOR = "convergecast.doctor:report"
_DOCTOR_TIMEOUT_S = 60.0


def blueprint(services: Services) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("system", __name__, url_prefix="/api/v1/system")
    busy = threading.Lock()

    @routes.get("")
    @allow(Access.INSPECT)
    def system() -> Response:
        return answer(_system(services))

    @routes.get("/findings")
    @allow(Access.INSPECT)
    def findings() -> Response:
        """Load every model in a process of its own; one after the other."""
        if not busy.acquire(blocking=False):
            raise TooMany("The machine is being checked already: wait a moment.", retry_after_s=5)
        try:
            return answer(CheckFindings(findings=_findings(services)))
        finally:
            busy.release()

    return routes


def _system(services: Services) -> System:
    usages, samples = services.usage.read()
    return System(
        version=__version__,
        python=platform.python_version(),
        platform=platform.platform(),
        started_at=services.usage.started_at,
        viewers=services.announcer.viewers,
        processes=[
            ProcessUsage(
                name=name.partition(" ")[0],
                camera=name.partition(" ")[2] or None,
                pid=usage.pid,
                cpu_percent=usage.cpu_percent,
                memory_bytes=usage.memory_bytes,
            )
            for name, usage in usages.items()
        ],
        history=UsageHistory(
            at=[sample.at for sample in samples],
            packets=[sample.packets for sample in samples],
            cpu_percent=[sample.cpu_percent for sample in samples],
            memory_bytes=[sample.memory_bytes for sample in samples],
        ),
    )


def _findings(services: Services) -> list[CheckFinding]:
    told: list[bytes] = []
    child = ChildProcess(
        name="doctor",
        target=_DOCTOR,
        arguments=(services.config,),
        on_message=lambda head, _: told.append(head),
        on_end=lambda: None,
    )
    try:
        child.start()
    except OSError as error:
        raise Unavailable(f"The machine cannot be checked: {error.strerror}.") from error
    if not child.wait(time.monotonic() + _DOCTOR_TIMEOUT_S):
        child.kill()
    if not told:
        raise Unavailable(f"The check did not end: run {PROGRAM} doctor instead.")
    return msgspec.json.decode(told[0], type=list[CheckFinding])
