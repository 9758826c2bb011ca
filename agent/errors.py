"""Every error the agent raises on purpose; the message is one sentence a person can act on.

AgentError
├── SetupError     the agent cannot start                    exit status 1
├── SourceError    the source gives no picture now           opened again after a pause
│   ├── DamagedPicture   one picture is bad                  the next one may be good
│   └── PasswordRefused  a camera says no                    tried again after minutes
├── CameraOffline  a frame was requested and there is none   503 to the hub
└── MasksLost      the stored privacy masks are not known    no picture before the hub tells them

Process: agent.
"""

from __future__ import annotations


class AgentError(Exception):
    """Root of the tree."""


class SetupError(AgentError):
    """The agent cannot start; trying again would not help."""


class SourceError(AgentError):
    """The source gives no picture at the moment."""


class DamagedPicture(SourceError):
    """One picture cannot be shown; the source goes on."""


class PasswordRefused(SourceError):
    """The camera refuses user and password; it may lock the user out if it is asked often."""


class CameraOffline(AgentError):
    """There is no current frame; the text is the reason."""


class MasksLost(AgentError):
    """There are privacy masks on the disk, but they cannot be read."""


def system_error(error: BaseException) -> OSError | None:
    """Return the innermost error of the operating system behind `error`."""
    seen: list[BaseException] = []
    found: OSError | None = None
    waiting: list[object] = [error]
    while waiting:
        item = waiting.pop()
        if not isinstance(item, BaseException) or item in seen:
            continue
        seen.append(item)
        if isinstance(item, OSError) and item.strerror:
            found = item
        waiting += [*item.args, item.__cause__, item.__context__, getattr(item, "reason", None)]
    return found
