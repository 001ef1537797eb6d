"""What is asked of libvirt, and nothing else of the provider."""

import os

# libvirt's client writes warnings of its own to the terminal (of TLS certificates, for one): what matters is raised.
os.environ.setdefault("LIBVIRT_DEBUG", "error")
