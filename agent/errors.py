"""Every error the agent raises on purpose; the message is one sentence a person can act on.

AgentError
├── SetupError     the agent cannot start                    exit status 1
├── SourceError    the source gives no picture now           opened again after a pause
└── CameraOffline  a frame was requested and there is none   503 to the hub

Process: agent.
"""

from __future__ import annotations


class AgentError(Exception):
    """Root of the tree."""


class SetupError(AgentError):
    """The agent cannot start; trying again would not help."""


class SourceError(AgentError):
    """The source gives no picture at the moment."""


class CameraOffline(AgentError):
    """There is no current frame; the text is the reason."""
