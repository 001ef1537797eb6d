"""A run as it is shown: a list of rows, a tree of details, JSON; and the words and symbols of it.

Nothing is decided here.
"""
