"""Who is who from one result to the next, and how many people there are.

Process: worker, command.
"""
