"""Networks: their resource, XML, what is changed live, and restarts.

Not the NICs in them, but for plugging them back.
"""
