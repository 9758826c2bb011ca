"""A model whose inputs and outputs stay in a device's memory, at places that never change.

Process: engine, command.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import DTypeLike

from convergecast.detection.kernels.device import DeviceArray
from convergecast.detection.on_device.state import DeviceState
from convergecast.detection.runtime import failure, failures
from convergecast.errors import OutOfDeviceMemory

_TURN_S = 0.01
"""For how long the lock is left alone between two sizes. A thread that waits for it needs time to
wake up, or else the same thread would always take it again."""


class BoundModel:
    """A loaded model. The device's rules for threads hold.

    Attributes:
        input: (most, *shape), to be filled before `run`.
        outputs: (most, ...) float32 each, filled by `run`.
        batches: the batch sizes, least first. Fewer are left after `shrink`.
    """

    def __init__(
        self,
        state: DeviceState,
        model_path: Path,
        shape: Sequence[int],
        dtype: DTypeLike,
        *,
        threads: int,
        batches: Sequence[int] = (),
    ) -> None:
        """Load the model, and run it once in every batch size.

        Where the device's memory is too small for the larger ones, there are fewer. Between two
        sizes others may use the device: all of them together take longer than cameras may wait.

        Args:
            state: the device where it runs. Its lock is taken here.
            model_path: an ONNX file with one input, batch first.
            shape, dtype: of one picture in the input.
            threads: of a run on a CPU.
            batches: the batch sizes, least first; the device's without them.

        Raises:
            ModelError: it cannot be loaded, or does not run.
        """
        self._device = device = state.device
        batches = batches or device.batches
        with state.lock:
            self.input = device.empty((batches[-1], *shape), dtype)
            device.zero(self.input)
        self._bindings: dict[int, tuple[onnxruntime.InferenceSession, onnxruntime.IOBinding]] = {}
        shapes: list[list[int]] = []
        for size in batches:
            time.sleep(_TURN_S)
            try:
                with state.lock:
                    shapes = self._add(size, model_path, threads)
            except OutOfDeviceMemory:
                self._bindings.pop(size, None)
                if not self._bindings:
                    raise
                break
        self.batches = list(self._bindings)
        with state.lock:
            self.outputs: list[DeviceArray] = [
                device.empty((self.most, *each[1:]), np.float32) for each in shapes
            ]
        for size, (session, binding) in self._bindings.items():
            binding.clear_binding_outputs()
            for output, array in zip(session.get_outputs(), self.outputs, strict=True):
                binding.bind_output(
                    output.name,
                    device.runs_on,
                    0,
                    np.float32,
                    (size, *array.shape[1:]),
                    device.address(array),
                )

    @property
    def most(self) -> int:
        """The most pictures of a run."""
        return self.batches[-1]

    def run(self, count: int) -> None:
        """Run the model on the first `count` pictures of `input`.

        Raises:
            OutOfDeviceMemory: the batch is too large for the device.
            ModelError: ONNX Runtime failed.
        """
        self._run(next(size for size in self.batches if size >= count))

    def shrink(self) -> bool:
        """Do without the largest batch from now on; tell whether a smaller one is left."""
        if len(self.batches) < 2:
            return False
        del self._bindings[self.batches.pop()]
        return True

    def _add(self, size: int, model_path: Path, threads: int) -> list[list[int]]:
        """Add a batch size, run it, and return the outputs' shapes.

        A session that fails is kept by nothing here, so that its memory can be freed.
        """
        session = self._device.session(model_path, threads)
        binding = session.io_binding()
        self._bind_input(session, binding, size)
        for output in session.get_outputs():
            binding.bind_output(output.name, self._device.runs_on)
        self._bindings[size] = session, binding
        self._run(size)
        return [list(value.shape()) for value in binding.get_outputs()]

    def _run(self, size: int) -> None:
        session, binding = self._bindings[size]
        try:
            session.run_with_iobinding(binding)
        except failures() as problem:
            raise failure(problem, "GPU") from problem

    def _bind_input(
        self,
        session: onnxruntime.InferenceSession,
        binding: onnxruntime.IOBinding,
        size: int,
    ) -> None:
        shape = (size, *self.input.shape[1:])
        name, address = session.get_inputs()[0].name, self._device.address(self.input)
        binding.bind_input(name, self._device.runs_on, 0, self.input.dtype, shape, address)
