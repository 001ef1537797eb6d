"""Many life cycles, dealt out to several tests: the same in every ordinary run, and others in each soak."""

from __future__ import annotations

import os
from collections import Counter

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

STEPS = 6  # rules in one life


def live(machine: type[RuleBasedStateMachine], lives: int, share: int | None = None) -> Counter[str]:
    """So many lives; of one share they are the same each time.  What has happened in them is counted.

    TROP_LIVES_QUICK: a failure is told as it was found, not made smaller first.
    """
    counted: Counter[str] = Counter()
    kind = type(machine.__name__, (machine,), {"count": counted})
    phases = [Phase.generate] if os.environ.get("TROP_LIVES_QUICK") else [Phase.generate, Phase.shrink]
    chosen = settings(
        max_examples=lives,
        stateful_step_count=STEPS,
        suppress_health_check=list(HealthCheck),
        phases=phases,
        derandomize=False,
        database=None,
        deadline=None,
        print_blob=True,
    )
    run_state_machine_as_test(kind if share is None else seed(share)(kind), settings=chosen)
    return counted
