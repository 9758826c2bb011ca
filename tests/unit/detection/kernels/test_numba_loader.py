"""Kernels work even if numba's cache is damaged, and stay inside their arrays."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from convergecast.detection.kernels import chips_numba

PROGRAM = """
import sys
from convergecast.detection.faces import face_chips
from convergecast.detection.kernels import chips_numba
if sys.argv[1:] == ["full"]:
    import errno
    from numba.core.caching import IndexDataCacheFile
    def save(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")
    IndexDataCacheFile.save = save
print(face_chips.compile_kernels(), sum(chips_numba.sample_chip.stats.cache_hits.values()))
"""


def run(cache: Path, *words: str) -> list[str]:
    """Return whether the kernels were compiled, and how many came from the cache."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words],
        env=os.environ | {"NUMBA_CACHE_DIR": str(cache)},
        cwd=Path(__file__).parents[4],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


@pytest.mark.parametrize(("suffix", "left"), [("nbi", 40), ("nbc", 0)])
def test_a_damaged_cache_is_deleted_and_written_again(
    tmp_path: Path, suffix: str, left: int
) -> None:
    assert run(tmp_path) == ["True", "0"]
    torn = list(tmp_path.rglob(f"*.{suffix}"))
    assert torn
    for path in torn:
        path.write_bytes(path.read_bytes()[:left])
    assert run(tmp_path) == ["True", "0"]
    assert run(tmp_path) == ["True", "0"]
    assert run(tmp_path) == ["True", "1"]


def test_a_full_disk_costs_only_compiling_again(tmp_path: Path) -> None:
    assert run(tmp_path, "full") == ["True", "0"]
    assert run(tmp_path) == ["True", "0"]
    assert run(tmp_path) == ["True", "1"]


def test_a_chip_is_written_inside_its_array_whatever_its_size() -> None:
    image = np.full((64, 64, 3), 200, np.uint8)
    image.flags.writeable = False
    surroundings = np.zeros((40, 30, 3), np.uint8)
    chip = surroundings[:20]
    chips_numba.sample_chip(image, (0, 0, 64, 64), 0, np.ones(2), np.eye(2), chip)
    assert (chip == 200).all()
    assert not surroundings[20:].any()
