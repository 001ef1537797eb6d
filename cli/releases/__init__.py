"""Tests on machines of other releases of Debian: `./trop test --on RELEASE`, and docs/versions.md, which they write."""
