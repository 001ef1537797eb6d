"""No test sees the operator's home or passphrase; where no lab can be had, what needs one is skipped."""

from tests.engine.conftest import own_environment  # noqa: F401
from tests.lab.conftest import pytest_runtest_setup  # noqa: F401
