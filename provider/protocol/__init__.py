"""The Pulumi provider protocol: messages in, messages out, and which host and which handler a call is for.

Not what is done to that host: that is in the rooms of the resource types.
"""
