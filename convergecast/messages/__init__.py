"""What travels between the hub's processes, to the page and through the API: typed.

Process: any.
"""
