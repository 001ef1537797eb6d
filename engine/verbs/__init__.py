"""The verbs of the command line, with their flags.

How a run goes is in deployment, and in run/.
"""
