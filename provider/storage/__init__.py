"""Pools, volumes and cloud-init disks: their resources, XML and calls.

Not which guest has a disk: that is the domain's.
"""
