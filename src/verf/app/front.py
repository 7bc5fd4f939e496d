"""The street: what somebody sees who knows only our address."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from verf.manifest import Product, Room
from verf.web import page, redirect

router = APIRouter(include_in_schema=False)

# The templates of the street; it is no room that others could ask for something.
street = Room(name="app", package="verf.app", routers=[router])


@router.get("/")
async def show_front(request: Request) -> Response:
    products = [room for room in request.app.state.rooms if isinstance(room, Product)]
    if getattr(request.state, "viewer", None):
        return redirect(request, products[0].home if products else "/account")
    return await page(request, "app/front.html", products=products)
