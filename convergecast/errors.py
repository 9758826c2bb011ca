"""Every error the hub raises on purpose. The message is one sentence a person can act on.

ConvergeCastError
├── InvalidInput          what was sent or configured cannot be used         400
│   └── UpgradeNeeded     a plain request to a WebSocket                         426
├── NotSignedIn           no session, no token, or a wrong one               401
├── Forbidden             known, but may not                                 403
├── NotFound              no such camera, picture or result                  404
├── Conflict              valid, but not in the present state                409
├── TooSlow               did not arrive in time                             408
├── TooLarge              over a size limit                                  413
├── Unusable              can be read, but not used                          422
│   ├── NoUsableFace      no picture shows a face that can be recognised
│   └── NoPicture         a camera gives no picture
├── TooMany               over a limit of number                             429
└── Unavailable           a part that is needed does not work now            503
    ├── Full              the disk has no room for what was asked                507
    ├── EngineError       the engine has ended, is too slow, or refuses
    └── ModelError        a model is missing, damaged or cannot be fetched
        ├── DeviceLost        the GPU does not answer any more
        └── OutOfDeviceMemory the GPU has no room for a batch of this size

Process: any.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from typing import TypedDict


class ConvergeCastError(Exception):
    """Root of the tree; `kind` and `http_status` are what a client sees.

    Attributes:
        retry_after_s: after how many seconds it may work; None: unknown.
        page: the page of the hub that can solve it, such as `faces`; None: none.
    """

    kind = "error"
    http_status = 500
    page: str | None = None
    retry_after_s: int | None = None

    def told(self) -> dict[str, str]:
        """Return what a client gets: `error`, `message` and, if there is one, `page`."""
        return {
            "error": self.kind,
            "message": str(self),
            **({"page": self.page} if self.page else {}),
        }


class InvalidInput(ConvergeCastError):
    """What was sent or configured cannot be used."""

    kind, http_status = "invalid", 400


class UpgradeNeeded(InvalidInput):
    """A plain request to an address that speaks another protocol."""

    http_status = 426


class NotSignedIn(ConvergeCastError):
    """No session, no token, or a wrong one.

    Attributes:
        headers: what the answer says beside it, such as how a player may show who it is.
    """

    kind, http_status = "not-signed-in", 401

    def __init__(self, message: str, *, by_basic: bool = False) -> None:
        """Keep whether a token may come by Basic."""
        super().__init__(message)
        self.headers = {"WWW-Authenticate": 'Basic realm="ConvergeCast"'} if by_basic else {}


class Forbidden(ConvergeCastError):
    """The caller is known, but may not."""

    kind, http_status = "forbidden", 403


class NotFound(ConvergeCastError):
    """There is no such thing, or not yet."""

    kind, http_status = "not-found", 404


class Gone(ConvergeCastError):
    """It was there, and was deleted or is damaged."""

    kind, http_status = "gone", 410


class Conflict(ConvergeCastError):
    """Valid, but not in the present state."""

    kind, http_status = "conflict", 409

    def __init__(self, message: str, *, page: str | None = None) -> None:
        """Keep the page that can solve it."""
        super().__init__(message)
        self.page = page


class TooSlow(ConvergeCastError):
    """Did not arrive in time."""

    kind, http_status = "too-slow", 408


class TooLarge(ConvergeCastError):
    """Over a size limit."""

    kind, http_status = "too-large", 413


class Refused(TypedDict):
    """A picture that cannot be used: its index in the form, its file name, and the reason."""

    picture: int
    file: str
    verdict: str


class Unusable(ConvergeCastError):
    """What was sent can be read, but not used."""

    http_status = 422


class NoPicture(Unusable):
    """A camera gives no picture; the sentence says why."""

    kind = "no-picture"


class NoUsableFace(Unusable):
    """No picture shows a face that can be recognised.

    Attributes:
        pictures: each picture with its reason.
    """

    kind = "no-usable-face"

    def __init__(self, message: str, pictures: Sequence[Refused] = ()) -> None:
        """Keep the reason of each picture."""
        super().__init__(message)
        self.pictures = list(pictures)


class TooMany(ConvergeCastError):
    """Over a limit of number.

    Attributes:
        retry_after_s: after how many seconds it may work; the default is for limits at which a
            person has to make room first.
    """

    kind, http_status = "too-many", 429

    def __init__(self, message: str, *, retry_after_s: int = 60) -> None:
        """Keep when to try again."""
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Unavailable(ConvergeCastError):
    """A part that is needed does not work now."""

    kind, http_status = "unavailable", 503


class Full(Unavailable):
    """The disk has no room for what was asked."""

    kind, http_status = "full", 507


def not_written(error: OSError, message: str) -> Unavailable:
    """Return the error of a file that cannot be written: `Full` where the disk has no room."""
    return Full(message) if error.errno == errno.ENOSPC else Unavailable(message)


class EngineError(Unavailable):
    """The engine has ended, is too slow, or refuses."""

    kind = "engine"


class ModelError(Unavailable):
    """A model is missing, damaged or cannot be fetched."""

    kind = "model"


class DeviceLost(ModelError):
    """The GPU does not answer any more. Only a new process can use it again."""


class OutOfDeviceMemory(ModelError):
    """The GPU has no room for a batch of this size."""
