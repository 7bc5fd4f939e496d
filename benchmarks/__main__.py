"""`python -m benchmarks [ROW …] [--quick|--tiny] [--json|--markdown]`."""

import argparse
import asyncio
import json
import sys
import time

import uvloop

from benchmarks.comparing import SCALES, Line, Scale
from benchmarks.ground import ground
from benchmarks.rows import ROWS
from benchmarks.telling import machine, markdown, table


async def run(names: list[str], scale: Scale) -> list[Line]:
    lines: list[Line] = []
    async with ground() as standing:
        for name in names:
            started = time.perf_counter()
            lines += await ROWS[name](standing, scale)
            print(f"{name}: {time.perf_counter() - started:.0f} s", file=sys.stderr)
    return lines


def main() -> None:
    arguments = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    arguments.add_argument("rows", nargs="*", metavar="ROW", help=f"some of: {', '.join(ROWS)}; all when none is named")
    arguments.add_argument("--quick", dest="scale", action="store_const", const="quick", help="fewer, shorter rounds")
    arguments.add_argument("--tiny", dest="scale", action="store_const", const="tiny", help="shows only that rows run")
    arguments.add_argument("--json", dest="form", action="store_const", const="json")
    arguments.add_argument("--markdown", dest="form", action="store_const", const="markdown")
    given = arguments.parse_args()
    if unknown := set(given.rows) - set(ROWS):
        arguments.error(f"there is no row {', '.join(sorted(unknown))}; rows are {', '.join(ROWS)}")
    before = machine()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        lines = runner.run(run(given.rows or list(ROWS), SCALES[given.scale or "full"]))
    if given.form == "json":
        print(json.dumps([line.as_data() for line in lines]))
        return
    print(f"{before}\n\n{markdown(lines) if given.form == 'markdown' else table(lines)}")


if __name__ == "__main__":
    main()
