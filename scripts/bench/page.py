"""`bench page`: the dashboard in a real browser, 16 cameras at once, measured by the page itself.

The baseline, in the same run: the same page with its worker's code in the main thread, which
decodes and draws everything then. The scene moves, so every frame is sent.
"""

from __future__ import annotations

import json
import statistics
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.support.browser import Tab, tab
from tests.support.rig import Rig, running_rig

WORKER_IN_PAGE = """
HTMLCanvasElement.prototype.transferControlToOffscreen = function () { return this; };
window.Worker = class {
    constructor(url) {
        import(new URL('./viewer.js', url)).then(({ createViewer }) => {
            this.order = createViewer((data) => this.onmessage({ data }));
            this.onmessage({ data: { type: 'ready' } });
        });
    }
    postMessage(message) { this.order(message); }
};
"""
"""What the page's worker does is done by the page, where a test can take its socket over."""

_CAMERAS, _FPS = 16, 15.0
_SETTLE_S = 4.0
_WIDTH, _HEIGHT = 1600, 1000
_WATCH_LONG_TASKS = """
window.longTasks_ms = [];
new PerformanceObserver((list) => {
    list.getEntries().forEach((entry) => window.longTasks_ms.push(entry.duration));
}).observe({ type: 'longtask' });
"""
_ALL_PAINT = (
    "Object.values(window.convergecast.stats()).filter((each) => each.painted > 5).length === "
)
# Nothing is selected: "Only selected" hides every picture, a second click shows them again.
_BACK_MS = """new Promise((done) => {
    const { stats, clock } = window.convergecast;
    const onlySelected = document.querySelector('[data-testid="only-selected"]');
    const comeBack = () => {
        const clicked_s = clock();
        const isLive = ({ age_ms }) => clock() - age_ms / 1000 > clicked_s;
        const look = () => {
            if (Object.values(stats()).every(isLive)) done(1000 * (clock() - clicked_s));
            else requestAnimationFrame(look);
        };
        onlySelected.click();
        look();
    };
    onlySelected.click();
    setTimeout(comeBack, 3000);
})"""


@dataclass(frozen=True, slots=True)
class Figures:
    """One run. Shares in percent of the published frames, ages from capture to paint in ms.

    `age_p50_ms` is the median camera's median, `age_p95_ms` the worst camera's 95th percentile,
    both of its last 300 pictures. `back_ms` is the time from the click that shows hidden tiles
    until the last of them shows a picture captured after the click. The main thread's figure is
    the percentage of time that it was busy. CPU is in percent of one core, of the page's process
    and of the whole browser.
    """

    home: str
    cameras: int
    fps: float
    seconds: float
    painted_percent: float
    not_sent_percent: float
    replaced_percent: float
    painted_a_second: float
    age_p50_ms: float
    age_p95_ms: float
    back_ms: float
    long_tasks: int
    longest_task_ms: float
    main_thread_percent: float
    renderer_cpu_percent: float
    browser_cpu_percent: float


@dataclass(frozen=True, slots=True)
class _Reading:
    at_s: float
    stats: list[dict[str, Any]]
    long_tasks_ms: list[float]
    main_thread_s: float
    renderer_s: float
    browser_s: float

    def total(self, counter: str) -> int:
        return sum(int(each[counter]) for each in self.stats)


def run_bench(*, seconds: int, runs: int, json_file: Path | None, fps: float = _FPS) -> int:
    """Measure painting in a worker and in the main thread, in turns; print every run."""
    print(f"{_CAMERAS} cameras at {fps:g} fps on one page, {runs} × {seconds} s each.", flush=True)
    collected = []
    with running_rig() as rig:
        rig.start_feeder(_CAMERAS, fps)
        rig.wait_online(_CAMERAS)
        for _ in range(runs):
            for home, script in (("worker", ""), ("main thread", WORKER_IN_PAGE)):
                collected.append(_measure(rig, home, script, seconds, fps))
                print(_line(collected[-1]), flush=True)
    if json_file:
        json_file.write_text(json.dumps([asdict(figures) for figures in collected], indent=1))
    return 0


def _measure(rig: Rig, home: str, script: str, seconds: float, fps: float) -> Figures:
    with tab(_WIDTH, _HEIGHT) as page:
        page.open(f"{rig.url}/login", script=f"{script}{_WATCH_LONG_TASKS}")
        page.wait_for("document.readyState === 'complete' && Boolean(document.forms[0])", 30)
        page.value(f"document.forms[0].token.value = '{rig.admin_token}'")
        page.value("document.forms[0].submit()")
        page.wait_for(f"{_ALL_PAINT}{_CAMERAS}", timeout_s=30)
        time.sleep(_SETTLE_S)
        page.value("window.longTasks_ms.length = 0")
        before = _reading(page)
        time.sleep(seconds)
        return _figures(home, fps, before, _reading(page), page.value(_BACK_MS))


def _reading(page: Tab) -> _Reading:
    renderer, browser = page.cpu_s()
    return _Reading(
        at_s=time.monotonic(),
        stats=list(page.value("window.convergecast.stats()").values()),
        long_tasks_ms=page.value("window.longTasks_ms"),
        main_thread_s=page.main_thread_s(),
        renderer_s=renderer,
        browser_s=browser,
    )


def _figures(home: str, fps: float, before: _Reading, after: _Reading, back_ms: float) -> Figures:
    took_s = after.at_s - before.at_s

    def gained(counter: str) -> int:
        return after.total(counter) - before.total(counter)

    def percent(part: float, whole: float) -> float:
        return round(100 * part / whole, 2)

    return Figures(
        home=home,
        cameras=len(after.stats),
        fps=fps,
        seconds=round(took_s, 1),
        painted_percent=percent(gained("painted"), gained("offered")),
        not_sent_percent=percent(gained("dropped_by_hub"), gained("offered")),
        replaced_percent=percent(gained("replaced"), gained("offered")),
        painted_a_second=round(gained("painted") / took_s, 1),
        age_p50_ms=round(statistics.median(each["age_p50_ms"] for each in after.stats), 1),
        age_p95_ms=round(max(each["age_p95_ms"] for each in after.stats), 1),
        back_ms=round(back_ms),
        long_tasks=len(after.long_tasks_ms),
        longest_task_ms=round(max(after.long_tasks_ms, default=0.0), 1),
        main_thread_percent=percent(after.main_thread_s - before.main_thread_s, took_s),
        renderer_cpu_percent=percent(after.renderer_s - before.renderer_s, took_s),
        browser_cpu_percent=percent(after.browser_s - before.browser_s, took_s),
    )


def _line(f: Figures) -> str:
    return (
        f"{f.home}: {f.painted_percent:.2f} % painted ({f.not_sent_percent:.2f} % not sent, "
        f"{f.replaced_percent:.2f} % replaced), {f.painted_a_second:.0f} a second\n"
        f"  age p50 {f.age_p50_ms:.1f} ms, p95 {f.age_p95_ms:.1f} ms; "
        f"all live {f.back_ms:.0f} ms after a click\n"
        f"  {f.long_tasks} long tasks, the longest {f.longest_task_ms:.0f} ms; main thread busy "
        f"{f.main_thread_percent:.0f} %, CPU of the page {f.renderer_cpu_percent:.0f} %, "
        f"of the browser {f.browser_cpu_percent:.0f} %"
    )
