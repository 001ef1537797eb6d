"""The process ended at every point at which something changes; then an ordinary `up`."""
