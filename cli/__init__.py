"""The operators' commands: what `./trop` runs once its environment is there."""

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
