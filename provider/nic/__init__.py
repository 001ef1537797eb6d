"""One NIC: its resource, its XML, and the calls that plug it in, move it from guest to guest and unplug it.

Not which NICs a domain declares: that is in domain/.
"""
