"""Whose an address, a MAC or a name is, by the declarations and as seen.

Not whole traces: those are in trace/.
"""
