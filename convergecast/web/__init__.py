"""The hub's HTTP side: pages and REST in Flask, endless answers in ASGI, one port for both.

Process: hub.
"""
