"""Loads a model once, in its own thread, at the first request for it.

Process: engine, `analyze`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from convergecast.errors import ConvergeCastError, ModelError
from convergecast.messages.engine import ModelInfo, ModelState

_RETRY_S = 5.0

M = TypeVar("M")


class Loader(Generic[M]):
    """The model of a task. After a failure, requests fail for some seconds; then one retries.

    Args:
        task: the task of the model.
        title: the kind of model, as messages name it.
        load: returns the model and its `info`. It runs in its own thread.
        on_change: called when `info` has changed.

    Attributes:
        info: the model's line in the engine's status; None before the first request.
    """

    def __init__(
        self,
        task: str,
        title: str,
        load: Callable[[], tuple[M, ModelInfo]],
        on_change: Callable[[], None],
    ) -> None:
        """Start without the model."""
        self.task = task
        self.info: ModelInfo | None = None
        self._title = title
        self._load = load
        self._on_change = on_change
        self._lock = threading.Lock()
        self._model: Future[M] | None = None
        self._failed_at = 0.0
        self._problem: ModelError | None = None

    def start(self) -> Future[M]:
        """Start loading, unless the model is loaded or loading. Return the model as a future."""
        with self._lock:
            if self._model is not None and not self._may_retry(self._model):
                return self._model
            if self._problem is None:
                self._set_info("starting", f"the {self._title} is being loaded")
            self._model = Future()
            arguments = (self._model,)
            threading.Thread(target=self._run, args=arguments, name=self.task, daemon=True).start()
            return self._model

    def get(self) -> M:
        """Return the model. Raises ModelError if it failed to load or is still loading."""
        model, problem = self.start(), self._problem
        if model.done():
            return model.result()
        raise problem or ModelError(f"The {self._title} is being loaded.")

    @property
    def loading(self) -> bool:
        """Whether the model is loading for the first time, so it may be ready soon."""
        return self.info is not None and self.info.state == "starting"

    def _may_retry(self, model: Future[M]) -> bool:
        failed = model.done() and model.exception() is not None
        return failed and time.monotonic() - self._failed_at > _RETRY_S

    def _run(self, model: Future[M]) -> None:
        try:
            loaded, info = self._load_or_explain()
        except ModelError as problem:
            self._problem, self._failed_at = problem, time.monotonic()
            self._set_info("failed", str(problem))
            model.set_exception(problem)
        else:
            self._problem = None
            self.info = info
            self._on_change()
            model.set_result(loaded)

    def _load_or_explain(self) -> tuple[M, ModelInfo]:
        try:
            return self._load()
        except ModelError:
            raise
        except ImportError as problem:
            raise ModelError(
                f"The package {problem.name} is missing: install ConvergeCast again."
            ) from problem
        except MemoryError as problem:
            raise ModelError(f"There is not enough memory for the {self._title}.") from problem
        except ConvergeCastError as problem:
            raise ModelError(str(problem)) from problem
        except Exception as problem:  # the thread's top level: every request must get an answer
            raise ModelError(f"The {self._title} cannot be loaded: {problem}") from problem

    def _set_info(self, state: ModelState, reason: str) -> None:
        self.info = ModelInfo(task=self.task, state=state, reason=reason)
        self._on_change()
