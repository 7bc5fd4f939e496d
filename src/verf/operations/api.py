"""What load balancers, Prometheus and operators ask."""

import time
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from verf.errors import NotFound
from verf.operations.findings import Finding, readiness
from verf.operations.operators import is_operator
from verf.telemetry import exposition, mask_text

router = APIRouter(tags=["operations"])

NEVER_KEPT = {"Cache-Control": "no-store"}
PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


@router.get("/health/live")
async def live() -> Response:
    """This process runs and its loop turns. Asks nobody else, so that a database outage restarts no process."""
    return JSONResponse({"state": "live"}, headers=NEVER_KEPT)


@router.get("/health/ready")
async def ready(request: Request) -> Response:
    """200 when every check passes, else 503. Operators also see why not."""
    details = is_operator(request)
    findings = await _findings(request.app.state, fresh=details)
    passed = all(finding.passed for finding in findings)
    return JSONResponse(
        {"state": "ready" if passed else "not ready", "checks": [_as_json(each, details) for each in findings]},
        status_code=200 if passed else 503,
        headers=NEVER_KEPT,
    )


@router.get("/metrics", include_in_schema=False)
async def metrics(request: Request) -> Response:
    if not is_operator(request):
        raise NotFound("There is no such page.")
    return Response(await exposition(), media_type=PROMETHEUS, headers=NEVER_KEPT)


async def _findings(state: Any, *, fresh: bool) -> list[Finding]:
    """Strangers get an answer up to a second old, so that asking often costs us nothing."""
    kept_until, findings = getattr(state, "readiness", (0.0, []))
    if fresh or kept_until < time.monotonic():
        findings = await readiness(getattr(state, "rooms", ()))
        state.readiness = (time.monotonic() + 1, findings)
    return list(findings)


def _as_json(finding: Finding, details: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {"name": finding.name, "state": "ok" if finding.passed else "failed"}
    if details:
        shown |= {"reason": mask_text(finding.reason), "milliseconds": finding.milliseconds}
    return shown
