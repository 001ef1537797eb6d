"""What is declared: the fleet's facts, the stacks' settings, and the plan that follows from them (pure, no pulumi)."""

from config.errors import ConfigError, Problem
from config.plan import Float, Nat, Plan, Pool, Reservation, VirtualMachine, load
from config.read import same_for_every_reader
from config.settings import from_pulumi

__all__ = [
    "ConfigError",
    "Float",
    "Nat",
    "Plan",
    "Pool",
    "Problem",
    "Reservation",
    "VirtualMachine",
    "from_pulumi",
    "load",
    "same_for_every_reader",
]
