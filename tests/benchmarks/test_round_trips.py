"""How often a request asks the database: counted, since time on a shared machine proves nothing."""

from collections.abc import Iterator
from inspect import isasyncgenfunction, iscoroutinefunction

from fastapi import APIRouter
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from verf.app import all_rooms
from verf.database import noted_statements
from verf.testing import Site


async def test_a_signed_in_request_is_recognised_with_one_statement(site: Site):
    anna = await site.member()
    for _ in range(2):
        with noted_statements() as noted:
            answer = await anna.http.get("/api/v1/auth/me")
    assert answer.status_code == 200
    assert len(noted) <= 2, noted
    assert len([statement for statement in noted if "identity.sessions" in statement]) == 1


async def test_a_list_of_the_product_takes_at_most_four_statements_and_three_that_count_it(site: Site):
    """Who calls often is counted in blocks: see verf.billing.blocks."""
    anna = await site.member()
    for _ in range(2):
        with noted_statements() as noted:
            answer = await anna.http.get("/api/v1/stock/products?limit=50")
    assert answer.status_code == 200
    counting = [each for each in noted if "usage" in each or "synchronous_commit" in each]
    assert len(counting) <= 2, noted
    # The third names the organisation to the transaction that counts.
    assert len(noted) <= 4 + 3, noted


async def test_the_dashboard_takes_at_most_six_statements(site: Site):
    anna = await site.member()
    for _ in range(2):
        with noted_statements() as noted:
            page = await anna.http.get("/stock/")
    assert page.status_code == 200
    assert len(noted) <= 6, noted


def test_no_dependency_goes_through_a_thread():
    """FastAPI takes plain functions to a thread and back, which costs more than what most of them do."""
    slow = {
        f"{call.__module__}.{call.__qualname__}"
        for room in all_rooms()
        for router in room.routers
        for route in routes_of(router)
        for call in calls_of(route.dependant)
        if not iscoroutinefunction(call) and not isasyncgenfunction(call) and not isinstance(call, type)
    }
    assert slow == set()


def routes_of(router: APIRouter) -> Iterator[APIRoute]:
    for route in router.routes:
        if isinstance(route, APIRoute):
            yield route
        elif included := getattr(route, "original_router", None):
            yield from routes_of(included)


def calls_of(dependant: Dependant) -> Iterator[object]:
    for each in dependant.dependencies:
        yield each.call
        yield from calls_of(each)
