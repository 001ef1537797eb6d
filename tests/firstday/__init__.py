"""README and its pages, typed on a hypervisor as Debian makes one: `./trop test --on RELEASE -m firstday`."""
