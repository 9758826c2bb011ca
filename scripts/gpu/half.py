"""Makes the fp16 variant of a model, and checks that it finds the same as fp32.

Process: a step of the trial.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnxruntime.transformers.float16 import convert_float_to_float16

from convergecast.detection.runtime import open_session
from convergecast.engine.engine_process import usable_processors
from convergecast.vision.boxes import iou
from convergecast.vision.decode import decode
from scripts.gpu.subjects import Subject

LEAST_IOU, MOST_SCORE_DIFFERENCE, SURE_BY = 0.9, 0.05, 0.05
"""The largest differences; findings within `SURE_BY` of the lowest score may be missing."""
MOST_DISTANCE = 0.05
"""Of two vectors of one face; pictures of one person lie up to 0.6 apart."""


def make_fp16(path: Path, folder: Path) -> Path:
    """Write the fp16 variant of an ONNX file; its inputs and outputs keep their types."""
    model = convert_float_to_float16(onnx.load(str(path)), keep_io_types=True)
    target = folder / f"{path.stem}-fp16.onnx"
    onnx.save(model, str(target))
    return target


def compare(subject: Subject, fp16: Path, device: str) -> dict[str, Any]:
    """Return whether fp16 is accurate enough (`stands`), and the largest differences."""
    both = [_finds(subject, path, device) for path in (subject.path, fp16)]
    if isinstance(both[0][0], np.ndarray):
        pairs = zip(*both, strict=True)
        distance = max(float(np.linalg.norm(mine - theirs)) for mine, theirs in pairs)
        return {"stands": distance <= MOST_DISTANCE, "largest_distance": round(distance, 5)}
    least = subject.least_score + SURE_BY
    unlike = [
        seen
        for one, other in zip(*both, strict=True)
        for seen in (*_unlike(one, other, least), *_unlike(other, one, least))
    ]
    least_iou = min((overlap for overlap, _ in unlike), default=1.0)
    difference = max((difference for _, difference in unlike), default=0.0)
    return {
        "stands": least_iou >= LEAST_IOU and difference <= MOST_SCORE_DIFFERENCE,
        "finds": sum(len(one.scores) for one in both[0]),
        "least_iou": round(least_iou, 4),
        "largest_score_difference": round(difference, 4),
    }


def _finds(subject: Subject, path: Path, device: str) -> list[Any]:
    opened = open_session(path, threads=usable_processors(), device=device)
    found = []
    for at, jpeg in enumerate(subject.jpegs):
        prepared = [subject.prepare(decode(jpeg), at)]
        found += subject.finish(opened.run(subject.stack(prepared)), prepared)
    return found


def _unlike(these: Any, among: Any, least_score: float) -> Sequence[tuple[float, float]]:
    """Return the IoU of each sure finding with its best match, and their score difference."""
    seen = []
    for box, score in zip(these.boxes, these.scores, strict=True):
        if score >= least_score:
            overlaps = iou(box[None], among.boxes)[0] if len(among.scores) else np.zeros(1)
            best = int(overlaps.argmax())
            other = float(among.scores[best]) if len(among.scores) else 0.0
            seen.append((float(overlaps[best]), abs(other - float(score))))
    return seen
