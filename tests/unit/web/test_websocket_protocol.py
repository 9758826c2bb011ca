"""The hub's sockets: messages come in order and whole, and an unread one waits in the kernel."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import uvicorn
from websockets.asyncio.client import connect

from convergecast.web.websocket_protocol import PromptProtocol

Message = MutableMapping[str, Any]
LARGE = "x" * 60_000


class Hub:
    """An application that takes nothing until `open` is set, and notes what it takes."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.taken: list[str] = []

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await self.open.wait()
        while (message := await receive())["type"] == "websocket.receive":
            self.taken.append(message["text"])
            await send({"type": "websocket.send", "text": message["text"][:20]})


async def serve(scene: Callable[[Hub, str], Awaitable[None]]) -> None:
    hub = Hub()
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        hub, ws=PromptProtocol, ws_ping_interval=None, lifespan="off", log_config=None
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve([listening]))
    try:
        await scene(hub, f"ws://127.0.0.1:{listening.getsockname()[1]}/")
    finally:
        hub.open.set()
        server.should_exit = True
        await serving


def test_many_small_messages_are_taken_in_order() -> None:
    async def scene(hub: Hub, address: str) -> None:
        hub.open.set()
        async with connect(address, compression=None) as viewer:
            for number in range(200):
                await viewer.send(str(number))
            answers = [await asyncio.wait_for(viewer.recv(), 5) for _ in range(200)]
        assert answers == hub.taken == [str(number) for number in range(200)]

    asyncio.run(serve(scene))


def test_what_is_not_taken_stays_with_the_sender_and_is_not_lost() -> None:
    sent: list[str] = []

    async def flood(viewer: Any) -> None:
        for number in range(1000):
            await viewer.send(f"{number} {LARGE}")
            sent.append(f"{number} {LARGE}")

    async def scene(hub: Hub, address: str) -> None:
        async with connect(address, compression=None) as viewer:
            flooding = asyncio.create_task(flood(viewer))
            await asyncio.sleep(1)
            waiting = len(sent)
            await asyncio.sleep(0.5)
            assert len(sent) == waiting < 1000
            hub.open.set()
            for _ in range(1000):
                await asyncio.wait_for(viewer.recv(), 5)
            await flooding
        assert hub.taken == sent

    asyncio.run(serve(scene))
