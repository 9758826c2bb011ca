"""A client that opens many connections to a server and keeps each of them barely alive."""

from __future__ import annotations

import asyncio
import contextlib
import threading

_AGAIN_AFTER_S = 5.0
_AT_ONCE = 1  # so that those who are turned away do not take the others with them
_ANSWERED = b"GET /healthz HTTP/1.1\r\nHost: hub\r\n\r\n"


class Flood:
    """Holds `count` connections from one address, in a thread; one that is dropped comes again.

    Each brings a whole request first, which is answered, and then a byte of the next one now and
    then.

    Attributes:
        dropped: how many were ended by the server.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        count: int,
        source: str = "127.0.0.1",
        first: bytes = _ANSWERED,
    ) -> None:
        self._place = host, port
        self._count = count
        self._source = source
        self._first = first
        self.dropped = 0
        self.opened = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Flood:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._all.cancel)
        self._thread.join(10)

    def _run(self) -> None:
        self._doorstep = asyncio.Semaphore(_AT_ONCE)

        async def every() -> None:
            await asyncio.gather(*(self._hold() for _ in range(self._count)))

        self._all = self._loop.create_task(every())
        with contextlib.suppress(asyncio.CancelledError):
            self._loop.run_until_complete(self._all)
        self._loop.close()

    async def _hold(self) -> None:
        while True:
            with contextlib.suppress(OSError):
                await self._hold_one()
            await asyncio.sleep(_AGAIN_AFTER_S)

    async def _hold_one(self) -> None:
        async with self._doorstep:
            reader, writer = await asyncio.open_connection(
                *self._place, local_addr=(self._source, 0)
            )
            self.opened += 1
            try:
                if self._first:
                    writer.write(self._first)
                    await reader.read(4096)
            except BaseException:
                writer.transport.abort()
                raise
        try:
            while True:
                writer.write(b"G")
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(2):
                        while await reader.read(4096):
                            pass
                        return
        finally:
            self.dropped += 1
            writer.transport.abort()
