"""The packages for a GPU can be resolved, and the compilers of CUDA 12 and 13 take the kernels.

It asks PyPI, and downloads 170 MB.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from convergecast.detection.kernels.device import kernel_text
from tests.support.nvrtc import ARCHITECTURES, Nvrtc, find_nvrtc

ROOT = Path(__file__).resolve().parents[2]
_PYTHONS = ("3.11", "3.13")
_COMPILERS = ("nvidia-cuda-nvrtc-cu12>=12.8,<13", "nvidia-cuda-nvrtc>=13.0")
_TOLD = ("onnxruntime-gpu", "cupy-cuda12x", "cupy-cuda13x", "numpy", "numba", "opencv-python")


def run() -> Mapping[str, object]:
    """Return the versions that were resolved, and what each compiler says."""
    failures = 0
    found: dict[str, object] = {}
    with tempfile.TemporaryDirectory(prefix="convergecast-gpu-") as folder:
        place = Path(folder)
        _pip("install", "--target", str(place / "uv"), "uv")
        hub = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
        without = [line for line in hub if not line.startswith("onnxruntime")]
        (place / "hub.txt").write_text("\n".join(without), encoding="utf-8")
        for name in ("requirements-gpu.txt", "requirements-gpu13.txt"):
            for python in _PYTHONS:
                resolved = _resolve(place, ROOT / name, python)
                failures += isinstance(resolved, str)
                found[f"{name}, Python {python}"] = resolved
        for number, wanted in enumerate(_COMPILERS):
            _pip("install", "--no-deps", "--target", str(place / str(number)), wanted)
            library = find_nvrtc([str(place / str(number))])
            compiler = Nvrtc(library) if library else None
            said = compiler and {a: compiler.compile(kernel_text(), a) for a in ARCHITECTURES}
            failures += not said or any(said.values())
            version = ".".join(map(str, compiler.version())) if compiler else wanted
            found[f"NVRTC {version}"] = said and {
                f"sm_{a}": text or "ok" for a, text in said.items()
            }
    return {**found, "failures": failures}


def _pip(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "pip", "--quiet", *words], check=True)


def _resolve(place: Path, requirements: Path, python: str) -> dict[str, str] | str:
    """Return the versions of some packages, or what `uv` says is wrong."""
    command = [str(place / "uv" / "bin" / "uv"), "pip", "compile", "--quiet", "--no-header"]
    command += ["--no-annotate", "--python-version", python, "--python-platform", "linux"]
    done = subprocess.run(
        [*command, str(place / "hub.txt"), str(requirements)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        return done.stderr.strip()
    lines = [line.partition("==") for line in done.stdout.splitlines()]
    return {name: version for name, _, version in lines if name in _TOLD}
