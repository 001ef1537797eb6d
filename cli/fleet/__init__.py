"""A command for all stacks at once: their order, the floats that move between them, and the table.

Not what one stack does.
"""
