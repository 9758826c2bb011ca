"""Loads a model once, in a thread of its own, when it is first asked for.

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
    """One task's model. A failure stands for some seconds, then the next request tries again.

    Args:
        task: what the model is for.
        title: its words in a sentence.
        load: returns the model and what `info` says of it when it is ready; in a thread of its
            own.
        on_change: called when `info` has changed.

    Attributes:
        info: what the engine's status says of it; None before the first request.
    """

    def __init__(
        self,
        task: str,
        title: str,
        load: Callable[[], tuple[M, ModelInfo]],
        on_change: Callable[[], None],
    ) -> None:
        """Begin without the model."""
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
        """Begin to load unless that is done or under way; return the model to come."""
        with self._lock:
            if self._model is not None and not self._may_try_again(self._model):
                return self._model
            if self._problem is None:
                self._say("starting", f"the {self._title} is being loaded")
            self._model = Future()
            arguments = (self._model,)
            threading.Thread(target=self._run, args=arguments, name=self.task, daemon=True).start()
            return self._model

    def get(self) -> M:
        """Return the model; raises ModelError where it is not there, or not yet."""
        model, problem = self.start(), self._problem
        if model.done():
            return model.result()
        raise problem or ModelError(f"The {self._title} is being loaded.")

    @property
    def loading(self) -> bool:
        """Whether it may be there in a moment, for the first time."""
        return self.info is not None and self.info.state == "starting"

    def _may_try_again(self, model: Future[M]) -> bool:
        failed = model.done() and model.exception() is not None
        return failed and time.monotonic() - self._failed_at > _RETRY_S

    def _run(self, model: Future[M]) -> None:
        try:
            loaded, info = self._translated()
        except ModelError as problem:
            self._problem, self._failed_at = problem, time.monotonic()
            self._say("failed", str(problem))
            model.set_exception(problem)
        else:
            self._problem = None
            self.info = info
            self._on_change()
            model.set_result(loaded)

    def _translated(self) -> tuple[M, ModelInfo]:
        try:
            return self._load()
        except ModelError:
            raise
        except ImportError as problem:
            raise ModelError(f"A package is missing ({problem.name}): install again.") from problem
        except MemoryError as problem:
            raise ModelError(f"There is too little memory for the {self._title}.") from problem
        except ConvergeCastError as problem:
            raise ModelError(str(problem)) from problem
        except Exception as problem:  # a thread's top: the request is to have an answer
            raise ModelError(f"The {self._title} cannot be loaded: {problem}") from problem

    def _say(self, state: ModelState, reason: str) -> None:
        self.info = ModelInfo(task=self.task, state=state, reason=reason)
        self._on_change()
