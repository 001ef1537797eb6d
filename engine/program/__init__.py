"""The program, run under the Pulumi SDK: what it registers, and what it is answered.

Not what becomes of that: it is in run/.
"""
