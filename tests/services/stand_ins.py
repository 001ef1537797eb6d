"""Stand-ins for the images of the seeds' page: tiny, made from scratch, and each as true as the test needs it.

Their programs are shell scripts of busybox. None has a line of what it stands for; each says its name and version,
which are in the image's environment: all the files are in one layer, so that an emulated guest loads them quickly.
"""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from lab import container_image, debs
from lab.container_image import Health, Image

# What each image's containers run, and the port at which they listen.
_KINDS: dict[str, tuple[str, int | None]] = {
    "apache": ("proxy", 80),
    "firethorn": ("page", 8080),
    "firethorn-py": ("idle", None),
    "ogsadai": ("page", 8080),
    "postgres": ("database", 5432),
}
STANDS_FOR = tuple(_KINDS)
OLD, NEW = "2.1.36", "2.1.37"

# A page with name, version and host, at 8080.
_PAGE = """\
#!/bin/sh
mkdir -p /www
echo "I am $NAME $VERSION on $(hostname)" > /www/index.html
exec httpd -f -p 8080 -h /www
"""

# What runs and serves nobody.
_IDLE = """\
#!/bin/sh
echo "$NAME $VERSION"
exec tail -f /dev/null
"""

# As the image that it stands for, it does not start without a password, which it takes from a file too.
_DATABASE = """\
#!/bin/sh
[ -n "$POSTGRES_PASSWORD_FILE" ] && POSTGRES_PASSWORD=$(cat "$POSTGRES_PASSWORD_FILE")
[ -n "$POSTGRES_PASSWORD" ] || { echo "$NAME: no superuser password is specified" >&2; exit 1; }
printf '%s' "$POSTGRES_PASSWORD" | sha256sum > /password
exec nc -ll -p 5432 -e /database/answer
"""

# Asked with a password, it tells whether that is right: one line each way, instead of a database's protocol.
_DATABASE_ANSWER = """\
#!/bin/sh
read -r password
if [ "$(printf '%s' "$password" | sha256sum)" = "$(cat /password)" ]; then echo "$NAME $VERSION"; else echo no; fi
"""

_PROXY = """\
#!/bin/sh
[ -n "$BACKEND" ] || { echo 'apache: BACKEND is to be the URL of what it stands before' >&2; exit 1; }
exec nc -ll -p 80 -e /proxy/answer
"""

# One request and its answer: fetched behind, and handed on with a header that says by whom.
_PROXY_ANSWER = """\
#!/bin/sh
read -r method path rest
while read -r line && [ -n "${line%?}" ]; do :; done
answer=/tmp.$$
status='200 OK'
timeout 10 wget -q -O $answer "${BACKEND%/}$path" 2> /dev/null || {
    status='502 Bad Gateway'
    echo "apache: no answer from $BACKEND" > $answer
}
printf 'HTTP/1.0 %s\\r\\nVia: 1.0 apache\\r\\nContent-Length: %s\\r\\n\\r\\n' "$status" "$(wc -c < $answer)"
cat $answer
rm $answer
"""


SCRIPTS = {
    "page": {"start": _PAGE},
    "idle": {"start": _IDLE},
    "database": {"start": _DATABASE, "answer": _DATABASE_ANSWER},
    "proxy": {"start": _PROXY, "answer": _PROXY_ANSWER},
}


def busybox(cache: Path) -> Path:
    """The program that the stand-ins consist of, from the machine's own Debian packages, below the lab's cache."""
    folder = cache / "stand-ins"
    debs.unpack(["busybox-static"], cache / "debs", folder)
    return debs.file(folder, "busybox-static", "bin/busybox")


def layer(program: bytes, applets: Sequence[str]) -> bytes:
    """The one that all have: busybox, and every script."""
    links = {f"bin/{name}": "/bin/busybox" for name in applets if name != "busybox"}
    scripts = {
        f"{name}/{part}": text.encode() for name, parts in SCRIPTS.items() for part, text in parts.items()
    }
    files = {"bin/busybox": program, "etc/passwd": b"root:x:0:0::/:/bin/sh\n", **scripts}
    return container_image.layer(files, links)


def image(name: str, version: str, files: bytes) -> Image:
    """The stand-in for firethorn/NAME:VERSION; files is what `layer` gives."""
    kind, port = _KINDS[name]
    health = Health("wget -q -O /dev/null http://127.0.0.1:8080/") if kind == "page" else None
    # As process 1 they would ignore the usual signal, and be waited for.
    return Image(
        tag=f"firethorn/{name}:{version}",
        layers=(files,),
        command=(f"/{kind}/start",),
        env={"NAME": name, "VERSION": version},
        ports=() if port is None else (port,),
        health=health,
        stop_signal="SIGKILL",
    )


def every(cache: Path) -> list[Image]:
    """All of them in both versions; of the proxy the one that there is."""
    path = busybox(cache)
    applets = subprocess.run([path, "--list"], capture_output=True, text=True, check=True).stdout.split()
    files = layer(path.read_bytes(), applets)
    versions = {"apache": ["latest"]}
    return [image(name, version, files) for name in STANDS_FOR for version in versions.get(name, [OLD, NEW])]
