"""The simulated payment providers of this process. Put up once, since that takes longer than most tests."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from verf.sandbox import create_sandbox
from verf.sandbox.manifest import room


@cache
def _quay():
    """The folder goes with the process."""
    folder = TemporaryDirectory(prefix="verf-quay-")
    return create_sandbox(room.simulators, Path(folder.name)), folder


def fresh_sandbox():
    """Every provider as on its first day and by itself: nobody has bought, no knob is turned, nothing is under way."""
    sandbox, _folder = _quay()
    for simulator in sandbox.app.state.simulators.values():
        simulator.start_over()
        simulator.outbox.transport = None
    return sandbox
