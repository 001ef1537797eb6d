"""Pulumi.yaml and the stack files, read and written.

Not what a command line says: that is in options and flags.
"""
