"""python3 run.py         makes .venv, installs verf, starts the whole business.
python3 run.py test    installs the test extras and passes all tests; arguments after -- go to pytest.

Needs Python 3.11 or newer and nothing else. Any other words go to the verf command: python3 run.py migrate.
"""

import sys

if sys.version_info < (3, 11):  # before anything that an older Python cannot read
    sys.exit("verf needs Python 3.11 or newer; this is Python %d.%d." % sys.version_info[:2])  # noqa: UP031

import contextlib
import hashlib
import importlib.util
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
NEEDED_MEGABYTES = 1200
RUN, TEST = "constraints.txt", "constraints-test.txt"

REASONS = {
    "No space left on device": "The disk is full. verf needs about 1.2 GB; free some space and run the command again.",
    "Permission denied": f"verf may not write to {ROOT}. Clone it to a folder of your own.",
    "THESE PACKAGES DO NOT MATCH THE HASHES": "A downloaded package is not the one that was pinned. "
    "Do not trust it; try again, and tell us if it happens twice.",
    "npm ci": "The front-end packages could not be fetched: the npm registry is out of reach. "
    "Check the network, or point VERF_VENDOR_DIR at a folder with the ready-made files.",
}
UNREACHABLE = (
    "NewConnectionError",
    "ConnectTimeout",
    "ReadTimeout",
    "No matching distribution",
    "Max retries",
    "resolve",
)


def main() -> None:
    words = sys.argv[1:]
    testing = words[:1] == ["test"]
    with plain_sentences(), one_at_a_time():
        prepare(TEST if testing else RUN)
    if testing:
        rest = words[1:]
        become(PYTHON, "-m", "pytest", *workers(rest), *(rest[1:] if rest[:1] == ["--"] else rest))
    become(BIN / "verf", *(words or ["up"]))


def prepare(pins: str) -> None:
    """Bring .venv to what the pins say; when it already is, touch neither disk nor network."""
    stamp, wanted = VENV / f"ready-{Path(pins).stem}", fingerprint(pins)
    if stamp.exists() and stamp.read_text() == wanted and PYTHON.exists():
        return
    free = shutil.disk_usage(ROOT).free // 1_000_000
    if free < NEEDED_MEGABYTES and not stamp.exists():
        raise Refused(f"verf needs about {NEEDED_MEGABYTES} MB of disk in {ROOT}, and {free} MB are free.")
    make_venv()
    packages = sum("==" in line and line[0].isalnum() for line in (ROOT / pins).read_text().splitlines())
    pip(
        f"Installing {packages} packages",
        "install",
        "--require-hashes",
        "--no-deps",
        "-r",
        str(ROOT / pins),
        total=packages,
    )
    members = sorted(str(path.parent) for path in ROOT.glob("products/*/pyproject.toml"))
    editable = [word for member in (str(ROOT), *members) for word in ("-e", member)]
    pip("Building verf and its products", "install", "--no-deps", *editable)
    stamp.write_text(wanted)


def fingerprint(pins: str) -> str:
    names = (pins, "pyproject.toml", "hatch_build.py", "frontend/package-lock.json", "frontend/assets.json")
    products = sorted(ROOT.glob("products/*/pyproject.toml"))
    files = [ROOT / name for name in names] + products
    told = "\n".join(f"{path.relative_to(ROOT)} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in files)
    return f"{sys.version_info[:2]} {ROOT}\n{told}"


def make_venv() -> None:
    if PYTHON.exists() and subprocess.call([PYTHON, "-c", "import pip"], stderr=subprocess.DEVNULL) == 0:
        return
    say("Making .venv")
    shutil.rmtree(VENV, ignore_errors=True)
    uv = shutil.which("uv")
    if importlib.util.find_spec("ensurepip") is not None:
        run([sys.executable, "-m", "venv", str(VENV)])
    elif uv is not None:
        run([uv, "venv", "--quiet", "--seed", "--python", sys.executable, str(VENV)])
    elif importlib.util.find_spec("virtualenv") is not None:
        run([sys.executable, "-m", "virtualenv", "--quiet", str(VENV)])
    else:
        raise Refused(
            "This Python cannot make virtual environments: it comes without ensurepip. "
            "On Debian and Ubuntu: apt install python3-venv. Then run the command again."
        )


def pip(what: str, *words: str, total: int = 0) -> None:
    """Run pip, show how far it is, and turn its failure into a sentence."""
    say(what)
    command = [str(PYTHON), "-m", "pip", *words, "--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
    environment = os.environ | {"PIP_ROOT_USER_ACTION": "ignore", "PYTHONUNBUFFERED": "1"}
    seen, lines = 0, []
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=environment,
        cwd=ROOT,
    ) as process:
        for line in process.stdout or ():
            lines.append(line)
            if line.startswith(("Collecting ", "Requirement already satisfied")):
                seen += 1
                show(f"  {seen}/{total or '?'} {line.split()[1 if line[0] == 'C' else 3][:40]}")
            elif line.startswith(("Installing collected", "Building", "  Building", "  Preparing")):
                show("  " + line.strip()[:40] + " …")
    show("")
    if process.returncode:
        raise Refused(reason("".join(lines)))


def reason(output: str) -> str:
    for sign, sentence in REASONS.items():
        if sign in output:
            return f"{sentence}\n\n{tail(output)}"
    if any(sign in output for sign in UNREACHABLE):
        return (
            f"The Python package index is out of reach. Check the network and run the command again.\n\n{tail(output)}"
        )
    return f"The installation failed. The last lines of pip:\n\n{tail(output)}"


def tail(output: str) -> str:
    return "\n".join(output.strip().splitlines()[-8:])


def run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        raise Refused(reason(done.stdout + done.stderr))


def workers(words: list[str]) -> list[str]:
    """Two processes or more make the suite faster; the user's own -n wins."""
    chosen = any(word.startswith("-n") or word in ("-s", "--pdb") for word in words)
    return [] if chosen else ["-n", str(min(4, os.cpu_count() or 1)), "--dist", "loadgroup"]


def become(*command: object) -> None:
    """Hand this process over, so that Ctrl-C and signals reach what the user started."""
    words = [str(word) for word in command]
    os.chdir(ROOT)
    # A house and its tests are many processes; each would compile everything anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.stdout.flush()
    if os.name == "nt":
        sys.exit(subprocess.call(words))
    os.execv(words[0], words)


def say(what: str) -> None:
    print(f"• {what}", flush=True)


def show(progress: str) -> None:
    if sys.stdout.isatty():
        print(f"\r\033[K{progress}", end="", flush=True)


class Refused(Exception):
    """The reason in a sentence for the person who typed the command."""


@contextlib.contextmanager
def plain_sentences() -> Iterator[None]:
    try:
        yield
    except Refused as refusal:
        sys.exit(f"\n{refusal}")
    except PermissionError as error:
        sys.exit(f"\nverf may not write to {error.filename or ROOT}. Clone it to a folder of your own.")
    except OSError as error:
        sys.exit(f"\n{reason(str(error))}")
    except KeyboardInterrupt:
        sys.exit("\nStopped. Run the command again to go on.")


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Two terminals may start at once: the second waits for the first to finish installing."""
    if os.name == "nt" or not os.access(ROOT, os.W_OK):
        yield
        return
    import fcntl  # noqa: PLC0415  not on Windows

    with (ROOT / ".run.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Waiting for another installation in this folder")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    main()
