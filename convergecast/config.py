"""Every setting of the hub, once: name, default and help. File and command line come from here."""

from __future__ import annotations

import dataclasses
import ipaddress
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from convergecast.errors import InvalidInput
from convergecast.protocol.folders import hub_folder


def _setting(default: Any, help_text: str) -> Any:
    return field(default=default, metadata={"help": help_text})


@dataclass(frozen=True, slots=True, kw_only=True)
class HubConfig:
    """The hub's settings. A configuration file is TOML with these names as keys."""

    host: str = _setting("127.0.0.1", "address to listen on")
    port: int = _setting(5000, "port to listen on")
    data_dir: Path = field(
        default_factory=hub_folder, metadata={"help": "folder of the hub's database"}
    )
    agent_networks: tuple[str, ...] = _setting(
        (), "networks (CIDR) whose agents may announce an address other than their own"
    )
    max_cameras: int = _setting(256, "cameras the hub keeps, approved and rejected together")
    max_pending: int = _setting(64, "cameras that may wait for approval")
    max_pending_per_address: int = _setting(8, "cameras of one address that may wait for approval")
    max_viewers: int = _setting(64, "pages and other clients of /live at once")
    heartbeat_s: float = _setting(5.0, "how often agents repeat their registration, in seconds")
    analysis_fps: float = _setting(10.0, "frames a second that are analysed of a camera, at most")
    device: str = _setting("auto", "where models run: auto, cpu or gpu")
    threads: int = _setting(0, "threads of the engine; 0: one per processor")
    face_model: str = _setting(
        "centerface", "face detector: centerface, haar, hog, or the name of a model that was added"
    )
    face_long_side: int = _setting(
        640, "pixels to which the longer side of a picture is scaled for the face detector"
    )
    haar_scale: float = _setting(
        1.1, "step between the sizes that the face detector haar looks for"
    )
    landmark_model: str = _setting(
        "landmarks-68", "landmarks on a face: landmarks-68 or landmarks-5"
    )
    object_model: str = _setting(
        "ssd-mobilenet-v2",
        "object detector: ssd-mobilenet-v2, or the name of a model that was added",
    )
    object_closer_look: bool = _setting(
        True, "look a second time, closer, at the part of a picture with small objects in doubt"
    )
    precision: str = _setting(
        "auto", "numbers that models calculate with: fp32, int8, or auto for the faster one here"
    )
    commercial_safe: bool = _setting(
        False, "leave out models that may not be used in commercial products"
    )
    recognition_allowed: bool = _setting(
        True, "whether face recognition may be switched on; it is off until somebody does"
    )
    motion_sleep_s: float = _setting(
        3.0, "seconds that a scene without motion goes without analysis, at most; 0: never"
    )

    def __post_init__(self) -> None:
        """Check what types cannot say; raises InvalidInput."""
        if not 0 <= self.port <= 65_535:
            raise InvalidInput(f"port must be between 0 and 65535, not {self.port}")
        if self.device not in ("auto", "cpu", "gpu"):
            raise InvalidInput(f"device must be auto, cpu or gpu, not {self.device!r}")
        if not 0.1 <= self.analysis_fps <= 240:
            raise InvalidInput(f"analysis_fps must be between 0.1 and 240, not {self.analysis_fps}")
        if not 0.5 <= self.heartbeat_s <= 60:
            raise InvalidInput(f"heartbeat_s must be between 0.5 and 60, not {self.heartbeat_s}")
        for name in ("max_cameras", "max_pending", "max_pending_per_address", "max_viewers"):
            if getattr(self, name) < 1:
                raise InvalidInput(f"{name} must be at least 1, not {getattr(self, name)}")
        if self.threads < 0:
            raise InvalidInput(f"threads must be 0 or more, not {self.threads}")
        self._check_models()
        self.networks()

    @property
    def landmarks_in_use(self) -> str:
        """The landmark model, after what `commercial_safe` rules out."""
        return "landmarks-5" if self.commercial_safe else self.landmark_model

    def _check_models(self) -> None:
        if not 160 <= self.face_long_side <= 4096:
            raise InvalidInput(
                f"face_long_side must be between 160 and 4096, not {self.face_long_side}"
            )
        if not 1.01 <= self.haar_scale <= 2:
            raise InvalidInput(f"haar_scale must be between 1.01 and 2, not {self.haar_scale}")
        if self.landmark_model not in ("landmarks-68", "landmarks-5"):
            raise InvalidInput(
                f"landmark_model must be landmarks-68 or landmarks-5, not {self.landmark_model!r}"
            )
        if self.precision not in ("auto", "fp32", "int8"):
            raise InvalidInput(f"precision must be auto, fp32 or int8, not {self.precision!r}")
        if not 0 <= self.motion_sleep_s <= 10:
            raise InvalidInput(
                f"motion_sleep_s must be between 0 and 10, not {self.motion_sleep_s}"
            )

    def networks(self) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
        """Return `agent_networks` as networks; raises InvalidInput for one that is none."""
        try:
            return [ipaddress.ip_network(text) for text in self.agent_networks]
        except ValueError as error:
            raise InvalidInput(f"agent_networks: {error}") from error


def load_config(file: Path | None, overrides: Mapping[str, Any]) -> HubConfig:
    """Make the configuration of a TOML file (or none) and what the command line says (not None).

    Raises:
        InvalidInput: the file cannot be read, has an unknown key, or a value that is impossible.
    """
    values = _read(file) if file else {}
    known = {entry.name: entry for entry in dataclasses.fields(HubConfig)}
    for name in values:
        if name not in known:
            raise InvalidInput(f"{file}: unknown setting {name!r}; known are {', '.join(known)}")
    values |= {name: value for name, value in overrides.items() if value is not None}
    return HubConfig(**{name: _typed(name, value) for name, value in values.items()})


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidInput(f"{file} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{file} is not valid TOML: {error}") from error


def _typed(name: str, value: Any) -> Any:
    if name == "data_dir" and isinstance(value, str | Path):
        return Path(value).expanduser().resolve()
    default = HubConfig.__dataclass_fields__[name].default
    if isinstance(default, tuple):
        if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
            return tuple(value)
    elif isinstance(default, float) and type(value) in (int, float):
        return float(value)
    elif type(value) is type(default):
        return value
    raise InvalidInput(f"{name}: {value!r} is not of the right type")
