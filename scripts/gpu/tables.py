"""The tables of docs/gpu.md. Process: command."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from scripts.gpu.lines import STAGES, Line

Rows = Iterator[Sequence[object]]

_STAGE_WORDS = {"decode": "decode JPEG", "preprocess": "prepare", "postprocess": "decode output"}
_TEST_HEAD = ("test", "outcome", "s", "")
_STAGE_HEAD = (
    *("model", "numbers", "together"),
    *(f"{_STAGE_WORDS.get(stage, stage)}, ms" for stage in STAGES),
    *("all, ms", "pictures a second", "first run, ms"),
)
_HALF_HEAD = ("model", "stands it", "largest differences")
_MEMORY_HEAD = ("model", "numbers", "sessions for", "GPU's memory, MiB; in fp32 with CUDA's own")
_SEARCH_HEAD = ("model", "search", "together", "first run, ms", "later, ms")
_SHAPE_HEAD = ("model", "search", "pictures of a run: its ms, in their order")
_WAY_HEAD = ("model", "together", "way", "ms", "pictures a second")
_PATH_HEAD = (
    *("model", "together", "path", "ms", "pictures a second"),
    *("upload and fit, ms", "run, ms", "decode and suppress, ms"),
)
_PATH_FIELDS = ("path_ms", "pictures_a_second", "upload_fit_ms", "run_ms", "decode_suppress_ms")
_ENGINE_HEAD = (
    *("path", "cameras", "pictures a second of each", "results a second", "age p50, ms", "p95, ms"),
    *("skipped", "failed", "engine's CPU, % of a core", "ms a result"),
    *("engine's memory, MiB", "GPU's memory, MiB"),
)
_ENGINE_FIELDS = (
    *("results_a_second", "age_p50_ms", "age_p95_ms", "skipped", "failures"),
    *("engine_cpu_percent", "engine_cpu_ms", "engine_rss_mb", "device_memory_mb"),
)
_DIFFERENCES = {
    "least_iou": "least IoU",
    "largest_score_difference": "score",
    "largest_distance": "distance",
}


def machine(lines: Sequence[Line]) -> str:
    """Describe in a few words the machine of the trial."""
    told = {key: value for line in lines if line["step"] == "device" for key, value in line.items()}
    parts = [
        f"{gpu['name']}, {gpu['memory.total']} MiB, driver {gpu['driver_version']}"
        for gpu in told.get("gpus") or []
    ]
    if cuda := told.get("driver_cuda"):
        parts.append(f"CUDA {cuda // 1000}.{cuda % 1000 // 10}")
    for field, title in (("cudnn", "cuDNN"), ("onnxruntime", "ONNX Runtime")):
        if told.get(field):
            parts.append(f"{title} {told[field]}")
    if told.get("processor"):
        parts.append(f"{told['processors']} cores of {told['processor']}")
    return ", ".join(parts) or "a machine that was not told"


def tables(lines: Sequence[Line]) -> Iterator[str]:
    """Yield each section with figures."""
    for title, head, rows in (
        ("Tests", _TEST_HEAD, _tests(lines)),
        ("Both paths", _PATH_HEAD, _paths(lines)),
        ("Stages", _STAGE_HEAD, _stages(lines)),
        ("fp16 against fp32", _HALF_HEAD, _halves(lines)),
        ("Memory", _MEMORY_HEAD, _memory(lines)),
        ("Searches", _SEARCH_HEAD, _searches(lines)),
        ("A session whose shape changes", _SHAPE_HEAD, _shapes(lines)),
        ("Bare loop", _WAY_HEAD, _ways(lines)),
        ("Engine", _ENGINE_HEAD, _engine(lines)),
    ):
        found = [tuple(map(_text, row)) for row in rows]
        if found:
            yield f"## {title}\n\n{_table(head, found)}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return "–" if value is None else str(value).replace("|", "\\|").replace("\n", " ")


def _tests(lines: Sequence[Line]) -> Rows:
    for line in lines:
        if "test" in line:
            yield line["test"], line["outcome"], line["seconds"], line["reason"]


def _paths(lines: Sequence[Line]) -> Rows:
    for line in lines:
        if "path_ms" in line:
            found = (line.get(name) for name in _PATH_FIELDS)
            yield line["model"], line["batch"], line["path"], *found


def _stages(lines: Sequence[Line]) -> Rows:
    for line in lines:
        if "all_ms" in line:
            times_ms = [line[f"{stage}_ms"] for stage in STAGES]
            found = line["all_ms"], line["pictures_a_second"], line["first_run_ms"]
            yield line["model"], line["precision"], line["batch"], *times_ms, *found


def _halves(lines: Sequence[Line]) -> Rows:
    for line in lines:
        if "stands" in line:
            seen = [f"{name} {line[key]:g}" for key, name in _DIFFERENCES.items() if key in line]
            yield line["model"], "yes" if line["stands"] else "no", ", ".join(seen)


def _memory(lines: Sequence[Line]) -> Rows:
    for line in lines:
        if "device_memory_mb" in line and "model" in line:
            batches = ", ".join(map(str, line["batches"]))
            yield line["model"], line["precision"], batches, line["device_memory_mb"]


def _searches(lines: Sequence[Line]) -> Rows:
    for line in lines:
        if "search" in line and "batch" in line:
            found = line["first_run_ms"], line["run_ms"]
            yield line["model"], line["search"], line["batch"], *found


def _shapes(lines: Sequence[Line]) -> Rows:
    for line in lines:
        if "runs_ms" in line:
            runs = zip(line["batches"], line["runs_ms"], strict=True)
            told = ", ".join(f"{batch}: {_text(ms)}" for batch, ms in runs)
            yield line["model"], line["search"], told


def _ways(lines: Sequence[Line]) -> Rows:
    for line in lines:
        if "way" in line:
            found = line["ms"], line["pictures_a_second"]
            yield line["model"], line["batch"], line["way"], *found


def _engine(lines: Sequence[Line]) -> Rows:
    for line in lines:
        if "cameras" in line:
            fps = line["fps"] or "as answered"
            yield (
                line.get("engine_path", "standard"),
                line["cameras"],
                fps,
                *(line[name] for name in _ENGINE_FIELDS),
            )
