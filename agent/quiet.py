"""What the libraries of the agent would log, it says itself, once. Process: agent."""

from __future__ import annotations

import logging
import os


def silence_libraries() -> None:
    """Have urllib3, OpenCV and FFmpeg log nothing; the last two read this when they are loaded."""
    for name in ("urllib3", "filelock"):
        logging.getLogger(name).setLevel(logging.ERROR)
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
