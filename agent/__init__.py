"""The program on a machine with a camera: captures, encodes once, serves, registers.

Runs in the agent process; of the hub's code it imports only `convergecast.protocol`.

Process: agent.
"""
