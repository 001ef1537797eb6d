"""What all resource types share: their shape, names, comparing, marks, and the words of remedies.

No resource type itself.
"""
