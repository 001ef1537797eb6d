"""Many life cycles, dealt out to several tests: the same in every ordinary run, and others in each soak, by seed."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

STEPS = 6  # rules in one life
SEED = "TROP_LIVES_SEED"  # of a soak to be repeated
DRAWN = int(
    os.environ.get(SEED) or random.randrange(10**6)
)  # a share's own seed is a hundred times that, and its number
Tell = Callable[[str, object], None]


def told(tell: Tell, what: str, seed: str, play: Callable[[], Counter[str]]) -> Counter[str]:
    """Plays, and tells what was counted, and how to have the same again."""
    print(seed)  # pytest shows it where the play fails
    count = play()
    more = ", ".join(f"{n} {word}" for word, n in count.most_common() if word != "lives")
    tell("lives", f"{count['lives']} random life cycles {what}, {seed}: {more}")
    return count


def live(machine: type[RuleBasedStateMachine], lives: int, number: int) -> Counter[str]:
    """So many lives; with one seed they are the same each time.  What has happened in them is counted.

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
    run_state_machine_as_test(seed(number)(kind), settings=chosen)
    return counted
