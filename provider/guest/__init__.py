"""The inside of a guest, through its agent: a resource of files in it, addresses, and how a NIC is set up there.

Not the NIC itself: that is in nic/.
"""
