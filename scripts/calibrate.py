#!/usr/bin/env python
"""Measures the ranges from which `convergecast.model_tools.converters.quantize` makes int8 models.

`venv/bin/python scripts/calibrate.py centerface FOLDER…` runs the installed fp32 model over the
pictures below the folders and writes `convergecast/detection/ranges/centerface.json`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import onnxruntime

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from convergecast.detection.faces.centerface import LONG_SIDE
from convergecast.detection.objects.ssd import SIDE
from convergecast.model_store import store
from convergecast.model_store.catalog import MODELS, QUANTIZED
from convergecast.model_tools.converters.quantize import RANGES_FOLDER
from convergecast.protocol.command_line import Parser
from convergecast.vision.letterbox import fit

SUFFIXES = {".jpg", ".jpeg", ".png"}
DIGITS = 5
LEFT_OUT = 1e-4
LOGITS = {"/ClassPredictor/Conv2D": (-7.0, 7.0)}
"""Ends of the names of tensors with a fixed range: scores, 0.001 to 0.999."""


def centerface_input(image: np.ndarray) -> np.ndarray:
    """Return the input of CenterFace: (1, H, W, 3) uint8 BGR."""
    return fit(image, LONG_SIDE).canvas[None]


def ssd_input(image: np.ndarray) -> np.ndarray:
    """Return the input of SSD: (1, 300, 300, 3) uint8 BGR."""
    return np.asarray(cv2.resize(image, (SIDE, SIDE)))[None]


INPUTS = {"centerface": centerface_input, "ssd-mobilenet-v2": ssd_input}


def main() -> int:
    """Measure the ranges of one model and write them into the project."""
    parser = Parser(description=__doc__)
    parser.add_argument("name", choices=sorted(QUANTIZED))
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--model", type=Path, help="the fp32 file, where it is not the stored one")
    arguments = parser.parse_args()
    task = next(spec.task for spec in MODELS if spec.name == arguments.name)
    path = arguments.model or store.find(task, arguments.name).path
    pictures = [found for folder in arguments.folders for found in pictures_below(folder)]
    spans = measured(path, [INPUTS[arguments.name](image) for image in pictures])
    sources = ", ".join("/".join(folder.parts[-2:]) for folder in arguments.folders)
    how = (
        f"lowest and highest value in {len(pictures)} pictures ({sources}), "
        f"of each {LEFT_OUT:.2%} left out at either end"
    )
    write(arguments.name, how, spans)
    return 0


def pictures_below(folder: Path) -> Iterator[np.ndarray]:
    """Yield the pictures below a folder, in the order of their names, as (H, W, 3) uint8 BGR."""
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in SUFFIXES:
            image = cv2.imread(str(path))
            if image is None:
                raise SystemExit(f"{path} is not a picture: remove it.")
            yield np.asarray(image)


def measured(path: Path, inputs: list[np.ndarray]) -> dict[str, tuple[float, float]]:
    """Return the lowest and highest value of every float tensor over all inputs."""
    session = with_every_tensor(onnx.load_model(str(path)))
    names = [output.name for output in session.get_outputs()]
    wanted = session.get_inputs()[0].name
    spans: dict[str, tuple[float, float]] = {}
    for tensor in inputs:
        values = session.run(names, {wanted: tensor})
        for name, value in zip([*names, wanted], [*values, tensor], strict=True):
            if value.dtype == np.float32:
                low, high = given(name) or span(value)
                lowest, highest = spans.get(name, (low, high))
                spans[name] = (min(lowest, low), max(highest, high))
    return spans


def given(name: str) -> tuple[float, float] | None:
    """Return the fixed range of a tensor; None if it has to be measured."""
    return next((span for end, span in LOGITS.items() if name.endswith(end)), None)


def span(values: np.ndarray) -> tuple[float, float]:
    """Return the lowest and highest value without the share `LEFT_OUT` at either end."""
    skipped = int(values.size * LEFT_OUT)
    low, high = skipped, values.size - 1 - skipped
    ordered = np.partition(values, sorted({low, high}), axis=None)
    return float(ordered[low]), float(ordered[high])


def with_every_tensor(model: Any) -> onnxruntime.InferenceSession:
    """Return a session that outputs all tensors of the model; none is optimised away."""
    inferred = onnx.shape_inference.infer_shapes(model)
    known = {output.name for output in inferred.graph.output}
    inferred.graph.output.extend(v for v in inferred.graph.value_info if v.name not in known)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(
        inferred.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def write(name: str, how: str, spans: dict[str, tuple[float, float]]) -> None:
    """Write the ranges, rounded to `DIGITS` digits, one line per tensor."""
    lines = ",\n".join(
        f"    {json.dumps(tensor)}: [{low:.{DIGITS}g}, {high:.{DIGITS}g}]"
        for tensor, (low, high) in sorted(spans.items())
    )
    text = f'{{\n  "taken": {json.dumps(how)},\n  "tensors": {{\n{lines}\n  }}\n}}\n'
    RANGES_FOLDER.mkdir(exist_ok=True)
    (RANGES_FOLDER / f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
