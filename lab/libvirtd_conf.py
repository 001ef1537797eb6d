"""libvirtd's configuration in the lab."""

import uuid
from pathlib import Path

from lab import certificates

# Any constant does; it only has to be the same in every copy of this program.
_NAMESPACE = uuid.UUID("0c4f0a44-6d5b-5d0c-9f6e-1f7c3d1b2a90")

_LIBVIRTD = """\
auth_unix_ro = "none"
auth_unix_rw = "none"
host_uuid = "{uuid}"
log_filters = "4:util.dbus 4:util.udev"
log_outputs = "3:stderr"
max_clients = 200
"""

_ALONE = """\
# Root alone reaches the socket: its folder is closed to others.
unix_sock_ro_perms = "0700"
unix_sock_rw_perms = "0700"
listen_tls = 0
"""

# As on a real hypervisor; the folder of keys is below /etc/libvirt, of which the lab has its own.
_SHARED = """\
unix_sock_group = "libvirt"
unix_sock_ro_perms = "0777"
unix_sock_rw_perms = "0770"
listen_tls = 1
listen_addr = "127.0.0.1"
auth_tls = "none"
ca_file = "/etc/libvirt/pki/cacert.pem"
cert_file = "/etc/libvirt/pki/servercert.pem"
key_file = "/etc/libvirt/pki/serverkey.pem"
"""

_QEMU = """\
# The lab's own namespaces do what libvirt's would; no virtlogd runs here.
namespaces = []
security_driver = "none"
stdio_handler = "file"
user = "libvirt-qemu"
group = "libvirt-qemu"
"""


def host_uuid(state: Path) -> str:
    """The host UUID of the lab with this state folder: the same at each start, and no other lab's."""
    return str(uuid.uuid5(_NAMESPACE, str(state)))


def configure(state: Path, *, shared: bool) -> None:
    """Write libvirtd.conf and qemu.conf into its folder etc, which the lab sees as /etc/libvirt.

    With shared its certificates, too, and a client's: in etc/pki, made once.
    """
    folder = state / "etc"
    folder.mkdir(exist_ok=True)
    common = _LIBVIRTD.format(uuid=host_uuid(state))
    (folder / "libvirtd.conf").write_text(common + (_SHARED if shared else _ALONE))
    if shared and not (folder / "pki").exists():
        certificates.issue(folder / "pki", "127.0.0.1")
    (folder / "qemu.conf").write_text(_QEMU)
    for empty in ("network.conf", "qemu-lockd.conf"):
        (folder / empty).touch()


def define_base_pool(folder: Path, target: str) -> None:
    """Write the pool `base`, started by libvirtd itself, into folder (/etc/libvirt), unless there is one."""
    xml = folder / "storage" / "base.xml"
    if xml.exists():
        return
    (folder / "storage" / "autostart").mkdir(parents=True, exist_ok=True)
    xml.write_text(
        f"<pool type='dir'><name>base</name><uuid>{uuid.uuid5(_NAMESPACE, target)}</uuid>"
        f"<target><path>{target}</path></target></pool>\n"
    )
    (folder / "storage" / "autostart" / "base.xml").symlink_to("/etc/libvirt/storage/base.xml")
