"""Agents that the hub runs itself, for cameras without a computer of their own. Process: hub."""
