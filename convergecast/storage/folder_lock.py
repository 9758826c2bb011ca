"""Keeps a second hub away from a data folder: neither would see what the other changes.

Process: hub.
"""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path

from filelock import FileLock, Timeout

from convergecast.errors import Unavailable

_LOCK, _ADDRESS = "hub.lock", "hub.address"
_CHECK = "check"
"""Stands in place of an address while the doctor checks."""

log = logging.getLogger("storage")


class FolderLock:
    """Holds a data folder until `release`; the system releases it where the process is killed.

    Args:
        folder: it is made where it does not exist.

    Attributes:
        is_sure: whether it is locked; False where the file system or the system has no locks.

    Raises:
        Unavailable: another hub or a check holds it, or it cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        """Take the folder."""
        self._folder = folder
        self.is_sure = True
        self._lock = FileLock(folder / _LOCK, timeout=0, thread_local=False, mode=0o600)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
        except Timeout:
            if self._told() == _CHECK:
                raise Unavailable(
                    f"The recordings in {folder} are being checked: wait until the command doctor "
                    "has ended, then start the hub again."
                ) from None
            raise Unavailable(
                f"Another hub runs with the data folder {folder}{self._where()}: stop it, or "
                "choose another folder with --data-dir."
            ) from None
        except NotImplementedError:
            self.is_sure = False
            log.warning("%s cannot be locked there: start no second hub with this folder", folder)
        except OSError as error:
            raise Unavailable(
                f"The data folder {folder} cannot be used ({error.strerror}): choose another with "
                "--data-dir."
            ) from error

    def tell(self, address: str) -> None:
        """Store where this hub answers, for whoever tries to start another."""
        with contextlib.suppress(OSError):
            (self._folder / _ADDRESS).write_text(address, encoding="utf-8")

    def tell_check(self, *, begins: bool) -> None:
        """Store that no hub but a check holds the folder, or that it has ended."""
        if self.is_sure:  # else a hub may have stored its address
            self.tell(_CHECK if begins else "")

    def release(self) -> None:
        """Give the folder back."""
        self._lock.release()

    def _where(self) -> str:
        address = self._told()
        return f" at {address}" if address and address.isprintable() else ""

    def _told(self) -> str:
        with contextlib.suppress(OSError, ValueError):
            return (self._folder / _ADDRESS).read_text(encoding="utf-8")[:100]
        return ""
