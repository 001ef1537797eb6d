"""A lab as trop02 was made in 2018: by qemu-img and virsh, and nothing of this program, one fault included.

Not how such a host is taken over or mended: that is in adopt/ and audit/.
"""
