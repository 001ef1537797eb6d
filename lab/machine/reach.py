"""What a machine is given of this one so that it reaches the same package registries: names, files, nothing else."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_CERTIFICATES: Final = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_PASSED_ON: Final = (
    *("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
    *("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "PIP_DEFAULT_TIMEOUT"),
    *_CERTIFICATES,
)
_FILES: Final = ("/etc/pip.conf", "/usr/local/share/ca-certificates")
PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def environment(here: Mapping[str, str] = os.environ) -> dict[str, str]:
    """All that a command in the machine finds in its environment: that of a fresh login, and how to reach packages."""
    own = {"HOME": "/root", "PATH": PATH, "TERM": here.get("TERM", "dumb"), "LANG": "C.UTF-8"}
    return own | {name: here[name] for name in _PASSED_ON if name in here}


def copy_files(root: Path, here: Mapping[str, str] = os.environ) -> None:
    """Put the files that this takes at the same places below root."""
    named = [here[name] for name in _CERTIFICATES if name in here]
    for path in map(Path, dict.fromkeys([*_FILES, *named])):
        target = root / str(path).lstrip("/")
        if path.is_dir():
            shutil.copytree(path, target, dirs_exist_ok=True)
        elif path.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
