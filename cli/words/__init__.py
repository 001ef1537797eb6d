"""What the commands share of their words: which stacks there are, what is an error of use, what to type next.

No command, and no process.
"""
