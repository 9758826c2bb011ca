"""Announces the hub on the networks that it serves, by mDNS, so that agents find it.

The announcement has the hub's address, port and a number: nothing that is secret, and nothing that
an agent believes. A thread of its own repeats it when this machine's addresses have changed.

Process: hub.
"""

from __future__ import annotations

import ipaddress
import logging
import secrets
import socket
import threading
from collections.abc import Sequence

from zeroconf import Error, IPVersion, ServiceInfo, Zeroconf

from convergecast.networks import served_addresses
from convergecast.protocol import HUB_ID, HUB_SERVICE
from convergecast.storage.database import Database
from convergecast.storage.hub_values import add_value, stored_value

_STORED_AS = "hub_id"
_LOOK_EVERY_S = 30.0
_END_TIMEOUT_S = 3.0
_MOST_LABEL_BYTES = 63

log = logging.getLogger("hub")


class Announcement:
    """The announcement of one hub.

    Args:
        host: the literal address that it listens on.
        port: its port.
        hub_id: 16 hexadecimal digits.
    """

    def __init__(self, *, host: str, port: int, hub_id: str) -> None:
        """Begin silent."""
        self._host = host
        self._port = port
        self._id = hub_id
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mdns", daemon=True)

    def start(self) -> None:
        """Begin to announce."""
        self._thread.start()

    def stop(self) -> None:
        """Take the announcement back, so that agents need not find out."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(_END_TIMEOUT_S)

    def _run(self) -> None:
        failed = ""
        while not self._stop.is_set():
            addresses = served_addresses(self._host)
            try:
                if addresses:
                    self._announce(addresses)
                else:
                    self._stop.wait(_LOOK_EVERY_S)
                failed = ""
            except (OSError, Error) as error:
                said = str(error) or type(error).__name__
                if said != failed:
                    log.warning("the hub cannot announce itself to agents: %s", said)
                failed = said
                self._stop.wait(_LOOK_EVERY_S)

    def _announce(self, addresses: Sequence[str]) -> None:
        """Announce on these addresses until they change or the hub ends."""
        with Zeroconf(interfaces=list(addresses), ip_version=_versions(addresses)) as network:
            network.register_service(self._info(addresses), allow_name_change=True)
            while not self._stop.wait(_LOOK_EVERY_S):
                if served_addresses(self._host) != addresses:
                    return

    def _info(self, addresses: Sequence[str]) -> ServiceInfo:
        name = f"ConvergeCast on {socket.gethostname()}".replace(".", " ")
        name = name.encode()[:_MOST_LABEL_BYTES].decode(errors="ignore")
        return ServiceInfo(
            HUB_SERVICE,
            f"{name}.{HUB_SERVICE}",
            port=self._port,
            properties={HUB_ID: self._id},
            server=f"convergecast-{self._id}.local.",
            parsed_addresses=list(addresses),
        )


def hub_id(database: Database) -> str:
    """Return the number that names this hub, made at first use."""
    if stored := stored_value(database, _STORED_AS):
        return stored
    new = secrets.token_hex(8)
    database.write(lambda connection: add_value(connection, _STORED_AS, new))
    return stored_value(database, _STORED_AS) or new


def _versions(addresses: Sequence[str]) -> IPVersion:
    versions = {ipaddress.ip_address(each).version for each in addresses}
    if len(versions) == 2:
        return IPVersion.All
    return IPVersion.V4Only if versions == {4} else IPVersion.V6Only
