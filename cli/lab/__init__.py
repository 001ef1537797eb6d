"""The lab at the command line: up, down, status, and the stacks in it.

How a lab is made is in the package lab.
"""
