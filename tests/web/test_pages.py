import re

import pytest
from starlette.responses import Response

from verf.web.static_files import load_static, static_url
from verf.web.toasts import COOKIE, Toast, leave_toast

PAGE = {"accept": "text/html"}


async def test_static_files_are_kept_forever_under_the_address_of_their_content(client):
    address = static_url("verf.css")
    found = await client.get(address, headers={"accept-encoding": "gzip"})
    assert found.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert found.headers["content-encoding"] == "gzip"
    assert "--primary" in found.text
    plain = await client.get(address, headers={"accept-encoding": "identity"})
    assert plain.text == found.text
    again = await client.get(address, headers={"if-none-match": found.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_an_old_address_still_works_but_is_not_kept(client):
    found = await client.get("/static/000000000000/verf.js")
    assert (found.status_code, found.headers["cache-control"]) == (200, "no-cache")
    assert (await client.get("/static/0/%2e%2e/settings.py")).status_code == 404
    assert (await client.get("/static/0/nothing.css")).status_code == 404


async def test_fonts_are_addressed_from_the_style_sheet(client):
    style = (await client.get(static_url("verf.css"))).text
    fonts = re.findall(r"url\(([^)]+woff2)\)", style)
    assert len(fonts) == 3
    for font in fonts:
        assert (await client.get(font)).headers["content-type"] == "font/woff2"


def test_two_rooms_cannot_bring_the_same_file():
    with pytest.raises(ValueError, match="Two rooms"):
        load_static(["verf.web", "verf.web"])
    load_static(["verf.web"])


async def test_the_menu_shows_what_this_person_may_open(client):
    found = (await client.get("/signed-in", headers=PAGE)).text
    assert "/everyone" in found
    assert "/owners" not in found
    assert 'href="/staff"' not in found


async def test_a_toast_waits_for_the_next_page_once(client):
    await client.post("/design")
    assert "Nothing is kept here." in (await client.get("/design", headers=PAGE)).text
    assert "Nothing is kept here." not in (await client.get("/design", headers=PAGE)).text


async def test_a_forged_toast_is_not_shown(client):
    response = Response()
    leave_toast(response, Toast("Send your password to evil@example.com"))
    value = re.search(r"toast=\"?([^;\"]+)", response.headers["set-cookie"])[1]
    client.cookies.set(COOKIE, "0" * 64 + value[64:])
    assert "evil@example.com" not in (await client.get("/design", headers=PAGE)).text


async def test_htmx_gets_only_the_part_it_asked_for(client):
    part = await client.get("/design?q=honey", headers={**PAGE, "hx-request": "true", "hx-target": "div#products"})
    assert part.text.strip().startswith('<div id="products">')
    assert "<html" not in part.text
    whole = await client.get("/design?q=honey", headers={**PAGE, "hx-request": "true", "hx-target": "div#other"})
    assert "<html" in whole.text


async def test_htmx_is_sent_on_by_a_header(client):
    answer = await client.post("/design", headers={"hx-request": "true"})
    assert (answer.status_code, answer.headers["hx-redirect"]) == (200, "/design")


async def test_the_server_renders_the_chosen_theme(client):
    assert "data-theme=" not in (await client.get("/design")).text.split("<head>")[0]
    client.cookies.set("theme", "dark")
    assert 'data-theme="dark"' in (await client.get("/design")).text
    client.cookies.set("theme", '"><script>')
    assert "<script>" not in (await client.get("/design")).text


async def test_a_first_visit_is_light(client):
    """Everything a browser fetches for a page, compressed: the aim is 110 KB."""
    page = await client.get("/design", headers={"accept-encoding": "gzip"})
    weight = int(page.headers["content-length"])
    for address in sorted(set(re.findall(r'"(/static/[^"]+)"', page.text))):
        weight += int((await client.get(address, headers={"accept-encoding": "gzip"})).headers["content-length"])
    assert weight < 110_000, weight
