"""An agent that runs as a child process of the hub. Process: hub."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from convergecast.assets import agent_package
from convergecast.cameras.hub_agents import agent_id_of
from convergecast.ipc.processes import ChildProcess
from convergecast.messages.local_agent import AgentReport, Wish, read_report, wish_bytes
from convergecast.protocol.masks import Masks

_START_S = 30.0
_SILENT_S = 10.0
_STUCK_S = 45.0


class AgentChild:
    """The agent of one camera, while its process runs.

    Attributes:
        camera_key: by which it proves that it is this camera's.
        report: its newest one.
        seen: how many of its openings the hub has taken note of.
        began_s: its start, monotonic.
    """

    def __init__(
        self,
        *,
        camera_id: str,
        source: str,
        name: str,
        hub: str,
        address: str,
        folder: Path,
        masks: Masks,
    ) -> None:
        """Make the process; it does not run yet. See `Wish`."""
        self.camera_key = secrets.token_urlsafe(24)
        self._wish = Wish(
            source=source,
            hub=hub,
            address=address,
            agent_id=agent_id_of(camera_id),
            camera_key=self.camera_key,
            name=name,
            folder=str(folder / camera_id),
            granted=1,
            registers=False,
            masks=masks,
        )
        self.report = AgentReport()
        self.seen = 0
        self.began_s = time.monotonic()
        self.news = threading.Event()
        self._on_news: Callable[[], None] = self.news.set
        self._process = ChildProcess(
            name=f"agent {camera_id}",
            target=f"{agent_package()}.child:run_child",
            arguments=(),
            on_message=self._take,
            on_end=lambda: self._on_news(),
        )

    def start(self) -> None:
        """Start the process, which opens the camera. Raises OSError."""
        self._process.start()
        self._process.post(wish_bytes(self._wish))

    def _take(self, head: bytes, _payload: bytes) -> None:
        self.report = read_report(head)
        self._on_news()

    def tell(self, on_news: Callable[[], None]) -> None:
        """Have what is new told to somebody else from now on."""
        self._on_news = on_news
        on_news()

    @property
    def pid(self) -> int | None:
        """The id of its process."""
        return self._process.pid

    @property
    def granted(self) -> int:
        """How often the camera may have been opened."""
        return self._wish.granted

    @property
    def registers(self) -> bool:
        """Whether it registers with the hub."""
        return self._wish.registers

    @property
    def ended(self) -> bool:
        """Whether the process has ended."""
        return self._process.ended

    def grant(self) -> None:
        """Let it open the camera as often as it has asked."""
        self._order(replace(self._wish, granted=self.report.asked))

    def register(self) -> None:
        """Let it register: the hub knows the camera and its key."""
        self._order(replace(self._wish, registers=True))

    def _order(self, wish: Wish) -> None:
        self._wish = wish
        self._process.post(wish_bytes(wish))

    def problem(self, now: float) -> str:
        """Return why the process must be killed at monotonic time `now`; empty: it need not."""
        patience_s = _SILENT_S if self.report.asked else _START_S
        if now - self._process.heard_at > patience_s:
            return "its process does not answer"
        return "the camera does not come back" if self.report.busy_s > _STUCK_S else ""

    def close(self) -> None:
        """Ask the process to end, without waiting."""
        self._process.close()

    def kill(self) -> None:
        """Kill the process."""
        self._process.kill()

    def wait(self, deadline: float) -> bool:
        """Wait until a monotonic time; return whether it has ended."""
        return self._process.wait(deadline)
