"""The agent, on a machine with a camera: it captures, encodes each frame once, serves, registers.

It imports `convergecast.protocol` and nothing else of the hub's code.

Process: agent.
"""
