"""One hypervisor: who it is, what is looked up on it, and what looks share.

Nothing of any one kind of object: those have rooms of their own.
"""
