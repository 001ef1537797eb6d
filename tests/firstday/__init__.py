"""README typed from top to bottom on a hypervisor as Debian makes one: `./trop test --on RELEASE -m firstday`."""
