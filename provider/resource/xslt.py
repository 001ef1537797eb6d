"""``xml.xslt``: a stylesheet of the operator's that has the last word on what is given to libvirt."""

from __future__ import annotations

import functools
import json
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import lxml

from provider.errors import OperatorError
from provider.resource import xslt_child
from provider.resource.specs import record, string

SPEC: Final = record(
    {
        "xslt": string(
            f"A stylesheet applied to what libvirt is given.  It may take {xslt_child.SECONDS} s of processor time and "
            f"{xslt_child.MEMORY >> 20} MiB, and reaches no file and no network."
        )
    }
)
# Isolated, and without what site.py would look for: it starts in some 30 ms.
_COMMAND: Final = (sys.executable, "-I", "-S", "-c")
_START: Final = (
    "import sys, runpy; sys.path.append(sys.argv[1]); runpy.run_path(sys.argv[2], run_name='__main__')"
)
# Seconds: its processor time is limited, so only one that somebody stopped takes so long.
_PATIENCE: Final = 120.0


def styled(xml: str, inputs: Mapping[str, Any]) -> str:
    """As ``xml.xslt`` of the inputs makes it; the same where they have none."""
    stylesheet = inputs.get("xml", {}).get("xslt")
    return apply(xml, stylesheet) if stylesheet else xml


def apply(xml: str, xslt: str) -> str:
    """The XML as the stylesheet makes it; no stylesheet reaches a file or the network, takes a great deal of memory or
    does not end.  `OperatorError` says what is wrong with it, in one line."""
    made, why = _applied(xml, xslt)
    if why:
        raise OperatorError(f"xml.xslt cannot be applied: {why}")
    return made


@functools.lru_cache(maxsize=256)
def _applied(xml: str, xslt: str) -> tuple[str, str]:
    """What the stylesheet makes, and why it makes nothing; kept, as a comparison asks for the same several times."""
    places = (str(Path(lxml.__file__).parents[1]), xslt_child.__file__)
    try:
        done = subprocess.run(
            [*_COMMAND, _START, *places],
            input=json.dumps([xml, xslt]).encode(),
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
            start_new_session=True,  # Ctrl-C is the engine's to answer
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return "", f"its process did not run: {error}"
    if done.returncode == 0:
        return done.stdout.decode(), ""
    if done.returncode == xslt_child.UNFIT:
        return "", done.stdout.decode()
    return "", _limit_met(done.returncode)


def _limit_met(code: int) -> str:
    """Why the process ended before it had an answer."""
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        return f"it does not end within {xslt_child.SECONDS} s of processor time"
    if code == xslt_child.FULL:
        return f"it takes more than {xslt_child.MEMORY >> 20} MiB of memory"
    return f"it breaks the XSLT processor (exit code {code})"
