"""Stacks that live at random: programs edited, runs that fail or are killed, objects changed by hand; then an `up`."""
