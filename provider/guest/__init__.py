"""The inside of a guest, through its agent: addresses, files, and how a NIC is set up there.

Not the NIC itself: that is in nic/.
"""
