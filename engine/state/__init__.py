"""What lasts: the state file, its history, its lock, its secrets, and values and URNs as they stand in it.

Not what a run does to it: that is in run/.
"""
