"""The folders of both programs, and which files in a folder are pictures.

The environment is read at each call, never at import.

Process: any.
"""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

MODELS_VARIABLE = "CONVERGECAST_MODELS"
PICTURE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".dib", ".webp", ".avif", ".tif", ".tiff"}
    | {".jp2", ".ppm", ".pgm", ".pbm", ".pnm", ".hdr"}
)
"""How names of pictures end, in small letters."""


def models_folder() -> Path:
    """Return the model store: `CONVERGECAST_MODELS`, or the user's cache folder."""
    chosen = os.environ.get(MODELS_VARIABLE)
    return Path(chosen) if chosen else platformdirs.user_cache_path("convergecast") / "models"


def pictures_folder() -> Path:
    """Return the folder of the demonstration photographs, inside the model store."""
    return models_folder() / "pictures"


def hub_folder() -> Path:
    """Return the hub's default data folder."""
    return platformdirs.user_data_path("convergecast")


def agent_folder() -> Path:
    """Return the folder where this user's agents keep their identity."""
    chosen = os.environ.get("CONVERGECAST_AGENT_STATE")
    return Path(chosen) if chosen else platformdirs.user_state_path("convergecast-agent")
