"""Stand-ins for the images of the seeds' page: tiny, made from scratch, and each as true as the test needs it.

Their programs are shell scripts of busybox. None has a line of what it stands for; each says its name and version.
"""

from collections.abc import Sequence
from pathlib import Path

from lab import container_image, debs
from lab.container_image import Health, Image

STANDS_FOR = ("apache", "firethorn", "firethorn-py", "ogsadai", "postgres")
PROXY = "apache"

# A page with name, version and host, at 8080.
_PAGE = """\
#!/bin/sh
mkdir -p /www
echo "I am {name} {version} on $(hostname)" > /www/index.html
exec httpd -f -p 8080 -h /www
"""

# What runs and serves nobody.
_IDLE = """\
#!/bin/sh
echo "{name} {version}"
exec tail -f /dev/null
"""

# As the image that it stands for, it does not start without a password, which it takes from a file too.
_DATABASE = """\
#!/bin/sh
[ -n "$POSTGRES_PASSWORD_FILE" ] && POSTGRES_PASSWORD=$(cat "$POSTGRES_PASSWORD_FILE")
[ -n "$POSTGRES_PASSWORD" ] || {{ echo "{name}: no superuser password is specified" >&2; exit 1; }}
printf '%s' "$POSTGRES_PASSWORD" | sha256sum > /password
exec nc -ll -p 5432 -e /answer
"""

# Asked with a password, it tells whether that is right: one line each way, instead of a database's protocol.
_DATABASE_ANSWER = """\
#!/bin/sh
read -r password
if [ "$(printf '%s' "$password" | sha256sum)" = "$(cat /password)" ]; then echo "{name} {version}"; else echo no; fi
"""

_PROXY = """\
#!/bin/sh
[ -n "$BACKEND" ] || { echo 'apache: BACKEND is to be the URL of what it stands before' >&2; exit 1; }
exec nc -ll -p 80 -e /answer
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


def busybox(cache: Path) -> bytes:
    """The program that the stand-ins consist of, from the machine's own Debian packages, below the lab's cache."""
    folder = cache / "stand-ins"
    debs.unpack(["busybox-static"], cache / "debs", folder)
    return (folder / "bin/busybox").read_bytes()


def base(program: bytes, applets: Sequence[str]) -> bytes:
    """The layer that all have."""
    links = {f"bin/{name}": "/bin/busybox" for name in applets if name != "busybox"}
    return container_image.layer({"bin/busybox": program, "etc/passwd": b"root:x:0:0::/:/bin/sh\n"}, links)


def image(name: str, version: str, bottom: bytes) -> Image:
    """The stand-in for firethorn/NAME:VERSION on the layer of `base`."""
    scripts = {"/start": _IDLE.format(name=name, version=version)}
    ports: tuple[int, ...] = ()
    health = None
    if name in ("firethorn", "ogsadai"):
        scripts = {"/start": _PAGE.format(name=name, version=version)}
        ports, health = (8080,), Health("wget -q -O /dev/null http://127.0.0.1:8080/")
    elif name == "postgres":
        scripts = {
            "/start": _DATABASE.format(name=name, version=version),
            "/answer": _DATABASE_ANSWER.format(name=name, version=version),
        }
        ports = (5432,)
    elif name == PROXY:
        scripts, ports = {"/start": _PROXY, "/answer": _PROXY_ANSWER}, (80,)
    top = container_image.layer({path.lstrip("/"): text.encode() for path, text in scripts.items()})
    # As process 1 they would ignore the usual signal, and be waited for.
    return Image(f"firethorn/{name}:{version}", (bottom, top), ("/start",), {}, ports, health, "SIGKILL")
