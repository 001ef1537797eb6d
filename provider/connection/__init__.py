"""How a libvirt is reached and what it may be asked: the calls, its errors, and why one can't be reached.

Nothing of what is on the host.
"""

import os

# libvirt's client writes warnings of its own to the terminal (of TLS certificates, for one): what matters is raised.
os.environ.setdefault("LIBVIRT_DEBUG", "error")
