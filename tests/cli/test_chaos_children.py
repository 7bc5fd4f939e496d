"""The house of an experiment ends with whoever started it, however that one ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PATIENCE_SECONDS = 60
# A parent as `verf chaos billing` is one, whose child tells when it lives and when it was asked to end.
PARENT = """
import signal, sys
from pathlib import Path
from verf.cli.chaos import children
folder = Path(sys.argv[1])
script = folder / "verf"
script.write_text(f"#!{sys.executable}" + '''
import os, signal, sys, time
from pathlib import Path
folder = Path(sys.argv[1])
def leave(number, frame):
    (folder / "left").write_text("")
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
(folder / "child").write_text(str(os.getpid()))
time.sleep(600)
''')
script.chmod(0o755)
children.VERF = script
try:
    children.carry_out([str(folder)], settings={})
except children.Stopped as stopped:
    sys.exit(int(signal.Signals[str(stopped)]))
"""
# As in a terminal, even when the tests run in the background, where these are ignored.
IN_A_TERMINAL = """
import signal
for kind in (signal.SIGINT, signal.SIGHUP):
    signal.signal(kind, signal.SIG_DFL)
"""


def until(condition):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := condition()):
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.02)
    return found


def lives(pid):
    """A zombie, whom nobody here has to wait for, does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def family(tmp_path):
    parent = subprocess.Popen([sys.executable, "-c", IN_A_TERMINAL + PARENT, str(tmp_path)])
    child = int(until(lambda: (tmp_path / "child").exists() and (tmp_path / "child").read_text()))
    yield parent, child
    for pid in (parent.pid, child):
        if lives(pid):
            os.kill(pid, signal.SIGKILL)
    parent.wait()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda kind: kind.name)
def test_who_is_asked_to_end_ends_its_children_first(family, tmp_path, kind):
    parent, child = family
    parent.send_signal(kind)
    assert parent.wait(timeout=PATIENCE_SECONDS) == kind
    assert not lives(child)
    assert (tmp_path / "left").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children that their parent is gone")
def test_who_is_killed_takes_its_children_along(family, tmp_path):
    parent, child = family
    parent.kill()
    until(lambda: not lives(child))
    assert (tmp_path / "left").exists()


def test_whoever_hears_no_hangup_under_nohup_goes_on(tmp_path):
    silent = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n" + PARENT
    parent = subprocess.Popen([sys.executable, "-c", silent, str(tmp_path)])
    child = int(until(lambda: (tmp_path / "child").exists() and (tmp_path / "child").read_text()))
    parent.send_signal(signal.SIGHUP)
    assert lives(child)
    parent.terminate()
    assert parent.wait(timeout=PATIENCE_SECONDS) == signal.SIGTERM
