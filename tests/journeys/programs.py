"""A seller's own program that talks to the house over real sockets, as anybody's script does."""

import time
from collections.abc import Callable
from itertools import count
from typing import Any, Self

import httpx
from business import Business

PASSWORD = "a quiet harbour at dawn"
STOCK = "/api/v1/stock"
# Each program has an address of its own, and may look as often as it likes.
UNHURRIED = {"VERF_LIMITS_TRUSTED_PROXIES": "127.0.0.1", "VERF_LIMITS_READS_PER_MINUTE": "0"}
# A connection per request: none is left to a house that was killed, or to the end of the tests.
NOTHING_KEPT = httpx.Limits(max_keepalive_connections=0)
_addresses = count(1)


def until(true: Callable[[], Any], *, seconds: float = 60, what: str = "") -> Any:
    """Wait for a condition, never for a moment; what it found is returned."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = true()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"it did not come to pass in {seconds:.0f} s: {what or true}")


class Program:
    """One person, signed in with a bearer token, calling from an address of their own."""

    def __init__(self, business: Business, email: str) -> None:
        number = next(_addresses)
        self.business, self.email = business, email
        self.address = f"198.51.{number // 250}.{number % 250 + 1}"
        self.refresh_token = ""
        self.http = self.another()

    def another(self, **headers: str) -> httpx.Client:
        """A client from the same address that is not signed in."""
        return httpx.Client(
            base_url=self.business.url,
            headers={"X-Forwarded-For": self.address, **headers},
            timeout=60,
            limits=NOTHING_KEPT,
        )

    @classmethod
    def sign_up(cls, business: Business, email: str, *, organisation: str = "") -> Self:
        person = cls(business, email)
        wish = {"email": email, "password": PASSWORD, "organisation": organisation}
        answer = person.http.post("/api/v1/auth/register", json=wish)
        assert answer.status_code == 201, answer.text
        person.verify()
        person.log_in()
        return person

    def verify(self) -> None:
        mail = self.business.wait_for_mail(self.email)
        answer = self.http.post("/api/v1/auth/verify-email", json={"token": token_in(mail)})
        assert answer.status_code == 200, answer.text

    def log_in(self) -> None:
        answer = self.http.post("/api/v1/auth/login", json={"email": self.email, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        self.take(answer.json())

    def stay_signed_in(self) -> None:
        """After the clock has moved."""
        if self.http.get("/api/v1/auth/me").status_code == 401:
            answer = self.another().post("/api/v1/auth/refresh", json={"refresh_token": self.refresh_token})
            assert answer.status_code == 200, answer.text
            self.take(answer.json())

    def take(self, tokens: dict[str, str]) -> None:
        self.refresh_token = tokens["refresh_token"]
        self.http.headers["Authorization"] = f"Bearer {tokens['access_token']}"

    def connect(self, token: str) -> str:
        answer = self.http.post(f"{STOCK}/connections", json={"marketplace": "wildberries", "token": token})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def last_run(self) -> dict[str, Any]:
        answer = self.http.get(f"{STOCK}/runs", params={"limit": 1})
        assert answer.status_code == 200, answer.text
        return dict(answer.json()["items"][0])

    def products(self, **filters: str) -> list[dict[str, Any]]:
        found, cursor = list[dict[str, Any]](), dict[str, str]()
        while True:
            answer = self.http.get(f"{STOCK}/products", params={"limit": "200", **filters, **cursor})
            assert answer.status_code == 200, answer.text
            page = answer.json()
            found += page["items"]
            if page["next_cursor"] is None:
                return found
            cursor = {"cursor": page["next_cursor"]}

    def stock(self, **filters: str) -> dict[tuple[int, int], int]:
        """Every (size, warehouse) with something on the shelf."""
        return {
            (stock["chrt_id"], stock["warehouse_id"]): stock["quantity"]
            for product in self.products(**filters)
            for stock in product["stocks"]
            if stock["quantity"]
        }

    def finish(self, *, step: int = 20, steps: int = 200) -> dict[str, Any]:
        """Let time pass until the newest run is over; at rest for a limit, the clock moves on."""
        for _step in range(steps):
            run = until(self._settled, what="a run that is over or rests")
            if run["state"] not in ("queued", "running"):
                return dict(run)
            self.business.advance(step)
            self.stay_signed_in()
        raise AssertionError(f"the run does not end: {self.last_run()}")

    def _settled(self) -> dict[str, Any] | None:
        run = self.last_run()
        return run if run["state"] not in ("queued", "running") or run["resumes_at"] else None


def token_in(mail: dict[str, str]) -> str:
    _, _, rest = mail["text"].partition("token=")
    assert rest, mail["text"]
    return rest.split()[0].strip("<>\"')")


class Market:
    """The controls of the simulated Wildberries."""

    def __init__(self, business: Business) -> None:
        self.http = httpx.Client(base_url=f"{business.url}/sandbox/api/wildberries", timeout=120, limits=NOTHING_KEPT)

    def seller(self, alias: str, *, products: int = 12, **more: Any) -> dict[str, Any]:
        wish = {"alias": alias, "products": products, "orders_a_day": 30, "warehouses": 2, "history_days": 30} | more
        answer = self.http.post("/sellers", json=wish)
        assert answer.is_success, answer.text
        return dict(answer.json())

    def fault(self, kind: str, **more: Any) -> None:
        answer = self.http.post("/faults", json={"kind": kind, **more})
        assert answer.is_success, answer.text

    def heal(self) -> None:
        self.http.delete("/faults").raise_for_status()

    def truth(self, seller: str) -> dict[tuple[int, int], int]:
        rows = self.http.get(f"/sellers/{seller}/truth", params={"zeros": False}).raise_for_status().json()
        return {(row["chrt_id"], row["warehouse_id"]): row["quantity"] for row in rows}

    def orders(self, seller: str) -> dict[str, int]:
        return dict(self.http.get(f"/sellers/{seller}/truth/orders").raise_for_status().json()["totals"])

    def requests(self, seller: str) -> list[dict[str, Any]]:
        return list(self.http.get("/requests", params={"seller": seller}).raise_for_status().json())
