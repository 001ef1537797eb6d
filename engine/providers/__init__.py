"""Providers, as the engine calls them through the Pulumi interface.

Not when they are called: that is in run/.
"""
