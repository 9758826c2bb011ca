"""Typed messages between the hub's processes, to the page, and of the API.

Process: any.
"""
