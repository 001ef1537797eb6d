"""Real guests: what each way of keeping a network in them makes of a float."""
