"""A whole host, read at once for those who only look.

Nothing is changed here.
"""
