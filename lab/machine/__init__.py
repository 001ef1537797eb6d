"""A bare Debian of any release as a machine of its own beside this one, in which a newcomer's commands are typed.

Not a lab (that is a hypervisor, made of this machine's programs): labs are brought up in it, as on any machine.
"""
