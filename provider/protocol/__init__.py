"""The Pulumi provider protocol: messages in, messages out.

Nothing of libvirt: that is in the rooms of the resource types.
"""
