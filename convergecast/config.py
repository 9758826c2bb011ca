"""The hub's settings, from a file and the command line: name, type, default and help of each.

Process: any but the agent.
"""

from __future__ import annotations

import ipaddress
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, time
from pathlib import Path
from typing import Annotated, Union

from msgspec import Meta, Struct, field

from convergecast.checks import MUST_BE, Problem, Refused, checked
from convergecast.errors import InvalidInput
from convergecast.protocol.folders import hub_folder

Value = Union[str, float, bool, date, time, Path, Sequence["Value"], Mapping[str, "Value"], None]  # noqa: UP007 - recursive
"""The value of an option or of a key in a file."""


STANDARD, DEVICE = "standard", "device"
"""Values of `engine_path`."""


def _one_of(*names: str) -> Meta:
    words = f"{', '.join(names[:-1])} or {names[-1]}"
    # Not `$`, which also matches before a line break at the end.
    return Meta(pattern=rf"^(?:{'|'.join(names)})\Z", extra={MUST_BE: words})


AtLeastOne = Annotated[int, Meta(ge=1)]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class HubConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The hub's settings. A configuration file is TOML with these names as keys."""

    host: Annotated[str, Meta(description="address to listen on")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535, description="port to listen on")] = 5000
    data_dir: Annotated[Path, Meta(description="folder of the hub's database")] = field(
        default_factory=hub_folder
    )
    discovery: Annotated[
        bool,
        Meta(
            description="announce the hub on the networks it serves, and look for cameras there; "
            "never on loopback"
        ),
    ] = True
    agent_networks: Annotated[
        tuple[str, ...],
        Meta(
            description="networks (CIDR) whose agents may announce another address than they "
            "register from"
        ),
    ] = ()
    trusted_proxies: Annotated[
        tuple[str, ...],
        Meta(description="networks (CIDR) of reverse proxies that say who a client is"),
    ] = ()
    root_path: Annotated[
        str,
        Meta(
            pattern=r"^(?:/[A-Za-z0-9._~-]+)*\Z",
            extra={MUST_BE: "empty, or a path such as /cams"},
            description="path of the hub behind a reverse proxy, such as /cams",
        ),
    ] = ""
    max_cameras: Annotated[AtLeastOne, Meta(description="approved cameras, at most")] = 256
    max_cameras_per_address: Annotated[
        AtLeastOne,
        Meta(description="cameras of one address that the agent token lets in; others wait"),
    ] = 64
    max_pending: Annotated[AtLeastOne, Meta(description="cameras that may wait for approval")] = 64
    max_pending_per_address: Annotated[
        AtLeastOne, Meta(description="cameras from one address that may wait for approval")
    ] = 8
    max_viewers: Annotated[
        AtLeastOne, Meta(description="pages and other clients of /live at once")
    ] = 64
    heartbeat_s: Annotated[
        float,
        Meta(ge=0.5, le=60, description="how often agents repeat their registration, in seconds"),
    ] = 5.0
    analysis_fps: Annotated[
        float,
        Meta(
            ge=0.1, le=240, description="frames per second of a camera that are analysed, at most"
        ),
    ] = 10.0
    device: Annotated[
        str, _one_of("auto", "cpu", "gpu"), Meta(description="where models run: auto, cpu or gpu")
    ] = "auto"
    engine_path: Annotated[
        str,
        _one_of(STANDARD, DEVICE),
        Meta(
            description="on a GPU: standard, or device to keep pictures there from upload to boxes"
        ),
    ] = STANDARD
    threads: Annotated[
        int, Meta(ge=0, description="threads of the engine; 0: one per processor")
    ] = 0
    face_model: Annotated[
        str,
        Meta(description="face detector: centerface, haar, hog, or the name of an added one"),
    ] = "centerface"
    face_long_side: Annotated[
        int,
        Meta(
            ge=160,
            le=4096,
            description="length in pixels to which the longer side is scaled for the face detector",
        ),
    ] = 640
    haar_scale: Annotated[
        float,
        Meta(
            ge=1.01,
            le=2,
            description="step between the sizes that the face detector haar looks for",
        ),
    ] = 1.1
    landmark_model: Annotated[
        str,
        _one_of("face-mesh", "landmarks-68", "landmarks-5"),
        Meta(description="landmarks on a face: face-mesh, landmarks-68 or landmarks-5"),
    ] = "face-mesh"
    object_model: Annotated[
        str,
        Meta(description="object detector: ssd-mobilenet-v2, or the name of an added one"),
    ] = "ssd-mobilenet-v2"
    object_closer_look: Annotated[
        bool,
        Meta(
            description="run the object detector a second time on the part of a picture with "
            "small, uncertain objects"
        ),
    ] = True
    adaptive_resolution: Annotated[
        bool,
        Meta(
            description="look at a camera's frames in full once a second and where something "
            "enters; in between only at the faces in view and at objects that are in doubt"
        ),
    ] = True
    precision: Annotated[
        str,
        _one_of("auto", "fp32", "int8"),
        Meta(
            description="numeric precision of models: fp32, int8, or auto for the faster one on "
            "this machine"
        ),
    ] = "auto"
    commercial_safe: Annotated[
        bool, Meta(description="leave out models that may not be used in commercial products")
    ] = False
    recognition_allowed: Annotated[
        bool,
        Meta(description="whether face recognition may be switched on; it is off at first"),
    ] = True
    motion_sleep_s: Annotated[
        float,
        Meta(
            ge=0,
            le=10,
            description="longest time in seconds without analysis while nothing moves; 0: always "
            "analyse",
        ),
    ] = 3.0
    hold_back_s: Annotated[
        float,
        Meta(
            ge=0,
            le=1.5,
            description="seconds that pages hold pictures back for what is found in them, at most; "
            "0: never",
        ),
    ] = 1.5

    @property
    def landmarks_in_use(self) -> str:
        """The landmark model that `commercial_safe` allows."""
        forbidden = self.commercial_safe and self.landmark_model == "landmarks-68"
        return "face-mesh" if forbidden else self.landmark_model

    @property
    def alignment(self) -> str:
        """The landmarks that turn faces upright for recognition. Only equal ones compare."""
        return "landmarks-5" if self.commercial_safe else "landmarks-68"

    def networks(self) -> list[Network]:
        """Return `agent_networks` as networks; raises InvalidInput if one is not valid."""
        return _networks("agent_networks", self.agent_networks)

    def proxy_networks(self) -> list[Network]:
        """Return `trusted_proxies` as networks; raises InvalidInput if one is not valid."""
        return _networks("trusted_proxies", self.trusted_proxies)


def load_config(file: Path | None, overrides: Mapping[str, Value]) -> HubConfig:
    """Return the configuration of a TOML file (or none), overridden by options that are not None.

    Raises:
        InvalidInput: the file cannot be read, has an unknown key or an impossible value.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    values = {**(_read(file) if file else {}), **given}
    folder = values.get("data_dir")
    if isinstance(folder, str | Path):
        try:
            values["data_dir"] = Path(folder).expanduser().resolve()
        except (RuntimeError, ValueError) as error:  # no such user's home, a null byte
            raise InvalidInput(f"data_dir cannot be {str(folder)!r}: {error}") from error
    try:
        config = checked(HubConfig, values)
    except Refused as error:
        raise InvalidInput(_said(error.problem, file)) from error
    config.networks()
    config.proxy_networks()
    return config


def _networks(name: str, texts: Sequence[str]) -> list[Network]:
    try:
        return [ipaddress.ip_network(text) for text in texts]
    except ValueError as error:
        raise InvalidInput(f"{name}: {error}") from error


def _said(problem: Problem, file: Path | None) -> str:
    if problem.known:
        known = ", ".join(problem.known)
        return f"{file}: unknown setting {problem.name!r}; known are {known}"
    return f"{problem.name} must be {problem.must_be}, not {problem.value!r}"


def _read(file: Path) -> Mapping[str, Value]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidInput(f"{file} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{file} is not valid TOML: {error}") from error
