"""One NIC: its resource, its XML, plugging it in, and moving it from guest to guest.

Not what is declared of a domain's own NICs: that is in domain/.
"""
