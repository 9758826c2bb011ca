"""The protocol between agents and the hub. Both import it, so it imports neither of them.

It runs in the agent, in the hub process and in every camera worker.

Process: agent, hub, worker.
"""

PROTOCOL_VERSION = 2
"""In protocol 1 keys travel with each request; in protocol 2 they are proven (`protocol.proof`)."""

LONG_POLL = "long-poll"
STREAM = "stream"
MASKS = "masks"

HUB_SERVICE = "_convergecast._tcp.local."
"""The type of service (RFC 6763) as which a hub announces itself on its networks."""
HUB_ID = "id"
"""The property of such a service that names the hub, by 16 hexadecimal digits."""


class ProtocolError(ValueError):
    """Received data breaks the protocol. The message tells people what is wrong."""
