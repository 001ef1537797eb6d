"""A proxy in front of a Unix socket, whose line can be made bad in several ways."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from pathlib import Path
from typing import Literal

Mode = Literal["pass", "drop", "truncate", "hold", "delay"]
SECONDS = 0.02  # of delay, for each piece in each direction


class Proxy:
    """``mode`` holds for what is under way too: dropped, cut in the middle of a message, held back, or late."""

    def __init__(self, path: Path, target: Path) -> None:
        self.path, self._target = path, target
        self.mode: Mode = "pass"
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(64)
        threading.Thread(target=self._accept, name="proxy", daemon=True).start()

    def close(self) -> None:
        self._listener.close()
        self.path.unlink(missing_ok=True)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.socket(socket.AF_UNIX)
                try:
                    far.connect(str(self._target))
                except OSError:
                    near.close()
                    continue
                for source, sink, down in ((near, far, False), (far, near, True)):
                    threading.Thread(target=self._pump, args=(source, sink, down), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, down: bool) -> None:
        with contextlib.suppress(OSError):
            while (data := source.recv(1 << 16)) and self._through(data, sink, down):
                pass
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _through(self, data: bytes, sink: socket.socket, down: bool) -> bool:
        """Hand a piece on, or not; whether the line still stands."""
        if self.mode == "drop":
            return False
        if self.mode == "truncate" and down:
            sink.sendall(data[: len(data) // 2])
            return False
        while self.mode == "hold":
            time.sleep(0.05)
        if self.mode == "delay":
            time.sleep(SECONDS)
        sink.sendall(data)
        return True
