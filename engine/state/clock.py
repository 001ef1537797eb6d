"""The time as Pulumi writes it."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def timestamp() -> str:
    """Now, in RFC 3339 with up to nine decimals and ``Z``: ``2026-11-23T03:57:05.10393508Z``."""
    ns = time.time_ns()
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ns // 10**9))
    part = f"{ns % 10**9:09d}".rstrip("0")
    return f"{whole}.{part}Z" if part else f"{whole}Z"


def seconds_of(stamp: str) -> float | None:
    """Seconds since 1970 of a time in RFC 3339, in any zone (the CLI writes its machine's); None if it is none."""
    try:
        moment = datetime.fromisoformat(stamp)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
