"""One hypervisor: its connection, who it is, looks at it that many share, and how its XML is read.

No resource: each kind of object has a room of its own.
"""
