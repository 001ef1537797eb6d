"""What Docker is told in a VM, as files and commands: pure, without pulumi."""
