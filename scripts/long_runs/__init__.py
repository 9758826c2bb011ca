"""Long runs: what takes too long for the test suite. `scripts/long NAME` writes what one finds.

A module here has `run() -> Mapping[str, object]`, what is to be kept as JSON; its docstring says
what it shows. It may use what stands in `tests/`. Process: command, in a checkout.
"""
