"""Says in sentences what a trial's figures mean for the settings. Process: command."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from scripts.gpu.lines import Line

_PLANS_ANEW = 5.0
"""A run after a change of shape that takes this many times as long as the next has planned."""


def what_it_says(lines: Sequence[Line]) -> list[str]:
    """Return a sentence for each setting and model with figures."""
    models = list(dict.fromkeys(line["model"] for line in lines if "model" in line))
    says = (_batches, _precision, _search, _shapes)
    return [sentence for model in models for say in says for sentence in say(model, lines)]


def _batches(model: str, lines: Sequence[Line]) -> Iterator[str]:
    """Say which batch size gives the most pictures per second."""
    rates = _run_rates(model, "fp32", lines)
    if len(rates) > 1:
        best, least = max(rates, key=lambda batch: rates[batch]), min(rates)
        times = rates[best] / rates[least]
        yield (
            f"`{model}` runs most pictures, {rates[best]:.0f} a second, {best} together: "
            f"×{times:.2f} of {least} together."
        )


def _precision(model: str, lines: Sequence[Line]) -> Iterator[str]:
    whole, half = (_run_rates(model, precision, lines) for precision in ("fp32", "fp16"))
    for batch in [max(whole.keys() & half.keys())] if whole.keys() & half.keys() else []:
        times = half[batch] / whole[batch]
        yield f"`{model}` in fp16 runs ×{times:.2f} as many pictures as in fp32, {batch} together."
    for line in lines:
        if line.get("model") == model and line.get("stands") is False:
            yield f"`{model}` does not stand fp16: it finds something else."


def _search(model: str, lines: Sequence[Line]) -> Iterator[str]:
    found = {
        (line["search"], line["batch"]): line
        for line in _of(model, lines)
        if "search" in line and "batch" in line
    }
    batches = [batch for search, batch in found if search == "EXHAUSTIVE"]
    if batches and ("HEURISTIC", max(batches)) in found:
        heuristic, exhaustive = (found[name, max(batches)] for name in ("HEURISTIC", "EXHAUSTIVE"))
        times = heuristic["run_ms"] / exhaustive["run_ms"]
        plans = exhaustive["first_run_ms"], heuristic["first_run_ms"]
        yield (
            f"`{model}` runs ×{times:.2f} as fast after EXHAUSTIVE as after HEURISTIC, "
            f"{max(batches)} together; the first run takes {plans[0]:.0f} instead of "
            f"{plans[1]:.0f} ms."
        )


def _shapes(model: str, lines: Sequence[Line]) -> Iterator[str]:
    """Say whether one session for all batch sizes would be enough."""
    for line in _of(model, lines):
        if line.get("search") == "HEURISTIC" and "runs_ms" in line:
            # The shapes come in pairs; from the third pair on they are no longer new.
            runs = line["runs_ms"]
            slower = max(runs[at] / runs[at + 1] for at in range(4, len(runs) - 1, 2))
            verdict = "plans again" if slower > _PLANS_ANEW else "does not plan again"
            yield (
                f"`{model}` with HEURISTIC {verdict} when a known number of pictures comes back: "
                f"that run takes ×{slower:.2f} of the next."
            )


def _run_rates(model: str, precision: str, lines: Sequence[Line]) -> dict[int, float]:
    return {
        line["batch"]: line["run_pictures_a_second"]
        for line in _of(model, lines)
        if line.get("precision") == precision and "run_pictures_a_second" in line
    }


def _of(model: str, lines: Sequence[Line]) -> Iterable[Line]:
    return (line for line in lines if line.get("model") == model)
