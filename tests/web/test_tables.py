import pytest
from starlette.requests import Request

from verf.web import Table


def table(query: str = "") -> Table:
    scope = {"type": "http", "method": "GET", "path": "/goods", "query_string": query.encode(), "headers": []}
    return Table.read(
        Request(scope), sort=("name", "stock"), default="-stock", filters={"state": ("low", "out")}, size=10
    )


def test_the_default_order_holds_when_nothing_is_asked():
    assert (table().sort, table().descending, table().page, table().offset) == ("stock", True, 1, 0)


def test_the_address_chooses_order_page_search_and_filter():
    asked = table("sort=name&page=3&q=tea&state=low")
    assert (asked.sort, asked.descending, asked.offset, asked.search) == ("name", False, 20, "tea")
    assert asked.filters == {"state": "low"}
    assert asked.narrowed


@pytest.mark.parametrize(
    "query", ["sort=password", "sort=--name", "sort=name;drop", "page=-1", "page=1e9", "page=²", "state=gone"]
)
def test_what_is_not_allowed_is_not_heard(query):
    assert table(query) == table()


def test_a_second_click_turns_the_order_round():
    assert table("sort=name").sort_url("name") == "/goods?sort=-name"
    assert table("sort=-name").sort_url("name") == "/goods?sort=name"
    assert table().sort_url("stock") == "/goods?sort=stock"
    assert table("sort=stock").sort_url("stock") == "/goods"


def test_links_keep_search_and_filters():
    assert table("q=green tea&state=low&page=2").url(page=3) == "/goods?q=green+tea&state=low&page=3"
    assert table("q=tea&page=2").sort_url("name") == "/goods?q=tea&sort=name"


def test_a_page_past_the_end_is_the_last_one():
    known = table("page=99").of(25)
    assert (known.page, known.pages, known.first, known.last) == (3, 3, 21, 25)
    assert table("page=99").of(0).page == 1


def test_screen_readers_hear_the_order():
    assert table("sort=name").aria_sort("name") == "ascending"
    assert table().aria_sort("stock") == "descending"
    assert table().aria_sort("name") == "none"
