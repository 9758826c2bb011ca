"""The wire between agents and the hub; imported by both, so it knows neither.

Runs in the agent, in the hub process and in every camera worker.

Process: agent, hub, worker.
"""

PROTOCOL_VERSION = 1

LONG_POLL = "long-poll"
STREAM = "stream"


class ProtocolError(ValueError):
    """What arrived does not follow the protocol; the text says what is wrong, for a person."""
