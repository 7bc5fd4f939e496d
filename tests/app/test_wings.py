from fastapi import APIRouter, Depends, FastAPI, Request
from httpx import ASGITransport, AsyncClient

from verf.app.wings import Wing
from verf.telemetry import route_template


async def wanted() -> None: ...


def house() -> FastAPI:
    goods, people = APIRouter(prefix="/goods"), APIRouter()

    @goods.get("")
    async def all_goods() -> str:
        return "all goods"

    @goods.get("/{number}")
    async def one_good(number: int, request: Request) -> str:
        return f"good {number} of {route_template(request.scope)}"

    @people.get("/people/")
    async def all_people() -> str:
        return "all people"

    @people.get("/{anything}")
    async def something(anything: str) -> str:
        return f"something {anything}"

    outer = APIRouter(prefix="/outer")
    outer.include_router(goods)
    web = FastAPI()
    for router in (goods, outer, people):
        web.include_router(Wing(router), dependencies=[Depends(wanted)])
    return web


async def ask(path: str, method: str = "GET", *, root: str = "") -> tuple[int, object]:
    transport = ASGITransport(house(), root_path=root)
    async with AsyncClient(transport=transport, base_url="http://house", follow_redirects=True) as client:
        answer = await client.request(method, path)
        return answer.status_code, answer.json()


async def test_every_address_finds_its_route():
    assert await ask("/goods") == (200, "all goods")
    assert await ask("/goods/7") == (200, "good 7 of /goods/{number}")
    assert await ask("/outer/goods/7") == (200, "good 7 of /outer/goods/{number}")
    assert await ask("/goodsx") == (200, "something goodsx")


async def test_a_slash_too_few_or_too_many_is_forgiven():
    assert await ask("/outer/goods/") == (200, "all goods")
    assert await ask("/people") == (200, "something people")


async def test_what_is_not_there_or_not_done_there_is_told_apart():
    assert (await ask("/outer/nothing"))[0] == 404
    assert (await ask("/goods", "DELETE"))[0] == 405
    assert (await ask("/goods/seven"))[0] == 422


async def test_a_house_below_an_address_of_another_finds_its_rooms():
    for path in ("/below/goods", "/goods"):
        assert await ask(path, root="/below") == (200, "all goods")


def test_the_documentation_knows_every_route():
    assert set(house().openapi()["paths"]) == {
        "/goods",
        "/goods/{number}",
        "/outer/goods",
        "/outer/goods/{number}",
        "/people/",
        "/{anything}",
    }
