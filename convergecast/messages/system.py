"""What the API tells of the machine and the hub's processes. Process: hub, and the doctor's."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from convergecast.messages.values import Count, Message, Rate, Time

Percent = Annotated[float, Meta(description="Of one core.", extra_json_schema={"minimum": 0})]


class ProcessUsage(Message, frozen=True, kw_only=True):
    """A process of the hub."""

    name: Annotated[str, Meta(description="hub, engine, camera, or agent.")]
    camera: Annotated[str | None, Meta(description="`id` of its camera.")]
    pid: Count
    cpu_percent: Percent
    memory_bytes: Annotated[int, Meta(description="Resident.", extra_json_schema={"minimum": 0})]


class UsageHistory(Message, frozen=True, kw_only=True):
    """The last hour, oldest first: lists of the same length."""

    at: list[Time]
    packets: Annotated[
        list[Rate],
        Meta(description="A second, in and out, of all network devices; loopback counts both."),
    ]
    cpu_percent: list[Percent]
    memory_bytes: Annotated[list[Count], Meta(description="Resident, of all processes.")]


class System(Message, frozen=True, kw_only=True):
    """The hub's processes and the machine."""

    version: str
    python: str
    platform: str
    started_at: Time
    viewers: Annotated[Count, Meta(description="Of `/live`.")]
    processes: list[ProcessUsage]
    history: UsageHistory


class CheckFinding(Message, frozen=True, kw_only=True):
    """The result of one check of `convergecast doctor`."""

    grade: Annotated[
        Literal["ok", "note", "problem"], Meta(description="Note: works, but worth knowing.")
    ]
    what: str
    said: Annotated[str, Meta(description="With its mend.")]


class CheckFindings(Message, frozen=True, kw_only=True):
    """What `convergecast doctor` says of this machine."""

    findings: list[CheckFinding]
