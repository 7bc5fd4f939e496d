"""Where to connect: from a URL as people write them to the one SQLAlchemy and asyncpg understand."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import URL, make_url

APP_ROLE = "verf_app"


@dataclass(frozen=True)
class Addresses:
    """`app` serves and works, `owner` migrates, `replica` answers hot reads."""

    app: URL
    owner: URL
    replica: URL


def as_asyncpg(url: str | URL) -> URL:
    """Accept postgres:// and postgresql:// too, and psql's word for TLS."""
    parsed = make_url(url).set(drivername="postgresql+asyncpg")
    if "sslmode" in parsed.query:
        mode = parsed.query["sslmode"]
        parsed = parsed.difference_update_query(["sslmode"]).update_query_dict({"ssl": mode})
    return parsed


def as_app(url: URL) -> dict[str, str]:
    """Server settings with which any login acts as the app's role, from its first statement on."""
    return {} if url.username == APP_ROLE else {"role": APP_ROLE}


def asyncpg_arguments(url: URL) -> dict[str, Any]:
    """The same address for asyncpg.connect."""
    arguments: dict[str, Any] = {"user": url.username, "password": url.password, "database": url.database}
    arguments |= {"host": url.query.get("host", url.host), "port": url.query.get("port", url.port)}
    if arguments["port"]:
        arguments["port"] = int(arguments["port"])
    if "ssl" in url.query:
        arguments["ssl"] = url.query["ssl"]
    return {name: value for name, value in arguments.items() if value}
