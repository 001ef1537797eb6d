"""What plain YAML means here, for the packages that read it and know nothing of each other."""
