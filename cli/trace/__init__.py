"""A whole packet trace, as text or pcap, with names beside the addresses.

Whose an address is, whois/ says.
"""
