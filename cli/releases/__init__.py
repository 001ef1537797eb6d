"""Tests on machines of other releases of Debian: `./trop test --on RELEASE`, and docs/versions.md, which they write.

How such a machine is made is in lab/machine/; which tests there are, `cli.quality` says.
"""
