"""`convergecast demo`: a hub with agents beside it, for a machine without a camera.

Process: command.
"""

from __future__ import annotations

import os
import subprocess
import time

from convergecast.assets import agent_command
from convergecast.cameras.camera import Approval
from convergecast.cameras.registry import CameraRegistry
from convergecast.config import HubConfig
from convergecast.errors import ModelError
from convergecast.hub import Hub
from convergecast.messages.worker import State
from convergecast.protocol.command_line import PROGRAM
from convergecast.protocol.folders import pictures_folder
from convergecast.storage.audit import COMMAND_LINE

_END_TIMEOUT_S = 3.0
_ONLINE_TIMEOUT_S = 10.0
_OPTIONS = ("faces", "objects", "people")
_LAST_WORDS_S = 0.4  # the agents log a line when they are online


def run_demo(config: HubConfig, *, cameras: int, source: str) -> None:
    """Run a hub and `cameras` agents that show `source`, until the hub is ended.

    Raises:
        ModelError: the demonstration pictures are not in the model store.
        ConvergeCastError: as `Hub`.
    """
    if source == "demo" and not any(pictures_folder().glob("*.png")):
        raise ModelError(f"The demonstration pictures are missing: run {PROGRAM} models fetch.")
    agents: list[subprocess.Popen[bytes]] = []

    def start_agents(token: str) -> None:
        """Start the agents and wait for their pictures, so that the link is the last line.

        A camera that is new is analysed from the beginning; what was changed later is kept.
        """
        known = {camera.id for camera in hub.services.registry.all()}
        environment = {**os.environ, "CONVERGECAST_AGENT_TOKEN": token}
        environment["CONVERGECAST_SOURCE"] = source  # an argument can be read by other users
        # They know this hub only, wherever another has listened before: so their keys are its own.
        environment["CONVERGECAST_AGENT_STATE"] = str(config.data_dir / "demonstration")
        environment.pop("CONVERGECAST_ADMIN_TOKEN", None)
        for number in range(1, cameras + 1):
            name = "Demonstration" if cameras == 1 else f"Demonstration {number}"
            command = [*agent_command(), "--hub", hub.address, "--name", name]
            command.append("--end-with-input")
            agents.append(subprocess.Popen(command, env=environment, stdin=subprocess.PIPE))
        deadline = time.monotonic() + _ONLINE_TIMEOUT_S
        while time.monotonic() < deadline:
            states = [hub.services.board.view(c).state for c in hub.services.registry.all()]
            if states.count(State.ONLINE) >= cameras or any(a.poll() is not None for a in agents):
                break
            time.sleep(0.1)
        _switch_on(hub.services.registry, but=known)
        time.sleep(_LAST_WORDS_S)

    hub = Hub(config, on_ready=start_agents)
    try:
        hub.run()
    finally:
        for agent in agents:
            agent.terminate()
        for agent in agents:
            try:
                agent.wait(_END_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                agent.kill()


def _switch_on(registry: CameraRegistry, *, but: set[str]) -> None:
    for camera in registry.all():
        if camera.id not in but and camera.approval is Approval.APPROVED:
            registry.change(camera.id, options=_OPTIONS, by=COMMAND_LINE)
