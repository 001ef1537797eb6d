"""The rooms of engine, provider and cli: their floors, what they import of each other, and the picture of it.

Nothing of the rack.
"""
