"""What all resource types share: schemas, names, comparing, marks, stylesheets, and the words of remedies.

No resource type itself.
"""
