"""A Pulumi provider for libvirt, of its own: it knows nothing of trop, floats or stacks."""
