"""The labels of objects: COCO's original list of 91.

Lin et al., "Microsoft COCO: Common Objects in Context" (2014), appendix. Eleven of the 91
were never labelled in the pictures, so no model trained on them finds these. Process: any.
"""

from __future__ import annotations

PERSON = 1
"""The label id of a person."""

LABELS = (
    "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat",
    "traffic light", "fire hydrant", "street sign", "stop sign", "parking meter", "bench",
    "bird", "cat", "dog", "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe",
    "hat", "backpack", "umbrella", "shoe", "eye glasses", "handbag", "tie", "suitcase",
    "frisbee", "skis", "snowboard", "sports ball", "kite", "baseball bat", "baseball glove",
    "skateboard", "surfboard", "tennis racket",
    "bottle", "plate", "wine glass", "cup", "fork", "knife", "spoon", "bowl",
    "banana", "apple", "sandwich", "orange", "broccoli", "carrot", "hot dog", "pizza", "donut",
    "cake",
    "chair", "couch", "potted plant", "bed", "mirror", "dining table", "window", "desk",
    "toilet", "door",
    "tv", "laptop", "mouse", "remote", "keyboard", "cell phone",
    "microwave", "oven", "toaster", "sink", "refrigerator", "blender",
    "book", "clock", "vase", "scissors", "teddy bear", "hair drier", "toothbrush", "hair brush",
)  # fmt: skip
"""The 91 names; the first, person, has the id 1."""

NOT_TAUGHT = frozenset(
    {
        "street sign", "hat", "shoe", "eye glasses", "plate", "mirror", "window", "desk", "door",
        "blender", "hair brush",
    }
)  # fmt: skip
"""Labels that no model trained on COCO's pictures finds."""

_IDS = {name: at for at, name in enumerate(LABELS, start=1)}


_PLURALS = {
    "person": "people", "mouse": "mice", "knife": "knives", "sheep": "sheep", "skis": "skis",
    "scissors": "scissors", "broccoli": "broccoli", "eye glasses": "eye glasses",
}  # fmt: skip


def counted(number: int, name: str) -> str:
    """Return how many there are of a label, such as `1 dog`, `2 buses` or `3 people`."""
    if number == 1:
        return f"1 {name}"
    ending = "es" if name.endswith(("s", "x", "z", "ch", "sh")) else "s"
    return f"{number} {_PLURALS.get(name, name + ending)}"


def label(label_id: int) -> str:
    """Return the name of an id.

    Raises:
        ValueError: the id is not from 1 to 91.
    """
    if not 1 <= label_id <= len(LABELS):
        raise ValueError(f"label_id: {label_id} is not from 1 to {len(LABELS)}")
    return LABELS[label_id - 1]


def label_id(name: str) -> int | None:
    """Return the id of a label, or None if there is no such label."""
    return _IDS.get(name)
