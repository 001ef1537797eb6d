"""Benches: what takes how long, measured side by side in one run.

The bench of many VMs is in scale/.
"""
