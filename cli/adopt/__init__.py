"""`./trop adopt STACK`: what runs on a hypervisor, matched with what is declared, and taken over as it is.

`match` finds which object on the host is which declared one, `compare` says where they differ, `complete` what the
stack's file would have to say, `state` what the engine is to import.  All of that is pure; `run` does it.
"""
