"""A short message that survives one redirect, in a signed cookie that lives for a minute."""

import base64
import hashlib
import hmac
import json
from dataclasses import asdict, dataclass
from typing import Literal, cast

from starlette.requests import Request
from starlette.responses import Response

from verf.settings import secret
from verf.web.cookies import drop_cookie, read_cookie, set_cookie

Kind = Literal["success", "info", "warning", "error"]
COOKIE = "toast"
LIFETIME = 60


@dataclass(frozen=True)
class Toast:
    text: str
    kind: Kind = "success"


def leave_toast(response: Response, toast: Toast) -> None:
    """Shown on the next page."""
    body = base64.urlsafe_b64encode(json.dumps(asdict(toast)).encode()).decode()
    set_cookie(response, COOKIE, f"{_signature(body)}.{body}", max_age=LIFETIME)


def waiting_toast(request: Request) -> Toast | None:
    signature, _, body = (read_cookie(request, COOKIE) or "").partition(".")
    if not body or not hmac.compare_digest(signature, _signature(body)):
        return None
    data = json.loads(base64.urlsafe_b64decode(body))
    return Toast(str(data["text"]), cast("Kind", data["kind"]))


def clear_toast(response: Response) -> None:
    drop_cookie(response, COOKIE)


def toast_header(toast: Toast) -> str:
    """For HX-Trigger: htmx tells the page, which shows the message where the person is."""
    return json.dumps({"toast": asdict(toast)})


def _signature(body: str) -> str:
    return hmac.new(secret("web toast"), body.encode(), hashlib.sha256).hexdigest()
