"""One agent: source, capture, slot, server and link together. A process may run several.

Process: agent.
"""

from __future__ import annotations

import logging
import secrets
import socket
import time

from convergecast import __version__
from convergecast.protocol import LONG_POLL, MASKS, STREAM
from convergecast.protocol.registration import NUMBER_LIMITS, Registration, RegistrationReply
from convergecast.protocol.texts import is_printable

from .address import Listener
from .capture import Capture
from .encode import Encoder
from .errors import MasksLost
from .identity import Identity
from .link import HubLink
from .options import AgentOptions
from .pairing import Pairing
from .routes import create_app
from .server import FrameServer
from .slot import FrameSlot
from .sources import Source

_log = logging.getLogger(__name__)

_NAME_LENGTH = 80
_QUALITY = 85
_FPS = NUMBER_LIMITS["fps"]


class AgentService:
    """Captures from `source`, serves on `listener`, registers with `options.hub`.

    Attributes:
        slot: holds the newest frame.
        listener: the socket on which frames are served.
        pairing: the keys of this agent and the hub.
        epoch: identifies this run.
    """

    def __init__(
        self, *, options: AgentOptions, source: Source, identity: Identity, listener: Listener
    ) -> None:
        """Connect the parts; nothing runs yet."""
        self._options = options
        self._source = source
        self._identity = identity
        self.listener = listener
        self.pairing = Pairing(
            identity=identity,
            hub=options.hub,
            token=options.token,
            address=listener.address,
            port=listener.port,
        )
        self.epoch = secrets.token_hex(8)
        self._goes_on = False
        encoder = Encoder(box=options.size, quality_percent=options.quality or _QUALITY)
        self.slot = FrameSlot(encoder=encoder)
        try:
            self.slot.set_masks(identity.masks.read())
        except MasksLost as error:
            _log.error("%s", error)
            self.slot.withhold(str(error))
        self._capture = Capture(source=source, slot=self.slot, fps=options.fps)
        self._link = HubLink(
            hub=options.hub,
            pairing=self.pairing,
            describe=self.registration,
            follow=self._follow,
            tls_ca=options.tls_ca,
        )
        app = create_app(
            slot=self.slot,
            pairing=self.pairing,
            epoch=self.epoch,
            version=__version__,
            hurry=self._link.hurry,
        )
        self._server = FrameServer(app=app, listener=listener)

    def start(self, *, register: bool = True) -> None:
        """Capture, serve, and register once the server answers, or later by `register`."""
        self._capture.start()
        self._server.start()
        if register:
            self.register()

    def register(self) -> None:
        """Begin to register with the hub."""
        self._link.start()

    def stop(self) -> bool:
        """Stop within about two seconds; return False if a driver still holds the capture."""
        began = time.perf_counter()
        self.slot.close()
        self._link.stop()
        self._server.stop()
        ended = self._capture.stop(max(0.1, 1.5 - (time.perf_counter() - began)))
        self._identity.release()
        return ended

    @property
    def is_unheard(self) -> bool:
        """Whether the hub did not accept the last registration."""
        return not self._link.accepted

    def registration(self) -> Registration:
        """Return what the hub is told of this agent, without keys and proofs."""
        state = self.slot.state()
        fps = float(f"{state.fps:.3g}") or self._source.fps
        return Registration(
            ipaddress=self.listener.address,
            ports=self.listener.port,
            agent_id=self._identity.agent_id,
            name=self._options.name or self._usual_name(),
            version=__version__,
            width=state.width or None,
            height=state.height or None,
            fps=fps and min(max(fps, _FPS[0]), _FPS[1]),
            source=_printable(self._source.label, 300),
            capabilities=(LONG_POLL, STREAM, *([MASKS] if self._hears_of_masks() else [])),
            epoch=self.epoch,
        )

    def _hears_of_masks(self) -> bool:
        """Whether the hub is to tell the masks: also where it alone can say which there are now."""
        slot = self.slot
        return self._identity.masks.lasts or slot.is_withheld or bool(slot.masks.polygons)

    def _follow(self, reply: RegistrationReply) -> None:
        """Apply the masks that the hub tells, and keep them; try that again if it failed."""
        kept = self._identity.masks
        if reply.masks is None:
            camera_id = kept.camera_id
        elif not reply.masks.polygons and kept.are_of_another(reply.camera_id):
            # As after a damaged identity or database: no person has removed them.
            camera_id = kept.camera_id
            if not self._goes_on:
                self._goes_on = True
                _log.error("%s", kept.words_of_another())
        else:
            camera_id = reply.camera_id
            self.slot.set_masks(reply.masks)
        if not self.slot.is_withheld:
            kept.keep(self.slot.masks, camera_id)

    def _usual_name(self) -> str:
        label = self._source.label
        if "://" not in label:
            label = label.replace("\\", "/").rstrip("/").rpartition("/")[2]
        number = f" {self._identity.slot}" if self._identity.slot > 1 else ""
        return _printable(f"{socket.gethostname()} {label}", _NAME_LENGTH - len(number)) + number


def _printable(text: str, most: int) -> str:
    return "".join(letter if is_printable(letter) else "?" for letter in text)[:most]
