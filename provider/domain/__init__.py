"""Domains: their resource, XML, what is changed live or staged, start and end.

Not the NICs with a life of their own: those are in nic/.
"""
