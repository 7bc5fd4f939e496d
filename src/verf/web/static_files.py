"""Files for the browser: ours and those of verf_vendor, in memory, compressed once, addressed by their content."""

import gzip
import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from starlette.requests import Request
from starlette.responses import Response

TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
    "woff2": "font/woff2",
    "png": "image/png",
    "ico": "image/x-icon",
    "webmanifest": "application/manifest+json",
    "txt": "text/plain; charset=utf-8",
}
COMPRESSED = frozenset({"css", "js", "json", "svg", "txt", "webmanifest"})
WITH_EXTENSIONS = ("vendor/js/htmx.js", "vendor/js/hx-sse.js")
FOREVER = "public, max-age=31536000, immutable"
_REFERENCE = re.compile(rb'url\("?/static/([^")]+)"?\)')


@dataclass(frozen=True)
class StaticFile:
    content: bytes
    compressed: bytes | None
    media_type: str
    digest: str


_files: dict[str, StaticFile] = {}


def load_static(packages: list[str]) -> None:
    """Read static/ of every package, and verf_vendor. A later package may not hide a file of an earlier one."""
    _files.clear()
    _read(files("verf_vendor"), "vendor/")
    # One file: htmx starts as soon as its script has run, and an extension that comes later may miss the start.
    _keep("htmx.js", "js", b"\n;\n".join(_files[name].content for name in WITH_EXTENSIONS))
    for package in packages:
        folder = files(package).joinpath("static")
        if folder.is_dir():
            _read(folder, "")


def _read(folder: Traversable, prefix: str) -> None:
    # Style sheets last: they carry the addresses of fonts and pictures in their url().
    for entry in sorted(folder.iterdir(), key=lambda found: (found.name.endswith(".css"), found.name)):
        name = prefix + entry.name
        if entry.is_dir():
            _read(entry, f"{name}/")
        elif (kind := entry.name.rpartition(".")[2]) in TYPES:
            _keep(name, kind, entry.read_bytes())


def _keep(name: str, kind: str, content: bytes) -> None:
    if name in _files:
        raise ValueError(f"Two rooms bring a static file named {name}.")
    if kind == "css":
        content = _REFERENCE.sub(lambda found: f"url({static_url(found[1].decode())})".encode(), content)
    compressed = _compressed(content) if kind in COMPRESSED else None
    _files[name] = StaticFile(content, compressed, TYPES[kind], hashlib.sha256(content).hexdigest()[:12])


@cache
def _compressed(content: bytes) -> bytes:
    """Kept: a house is furnished once, its tests a thousand times."""
    return gzip.compress(content, 9, mtime=0)


def static_url(name: str) -> str:
    """The address of a static file; it changes with the content, so browsers keep it for a year."""
    return f"/static/{_files[name].digest}/{name}"


def serve_static(request: Request, digest: str, name: str) -> Response:
    file = _files.get(name)
    if file is None:
        return Response("There is no such file.", 404, media_type="text/plain")
    tag = f'"{file.digest}"'
    headers = {
        "ETag": tag,
        "Vary": "Accept-Encoding",
        "Cache-Control": FOREVER if digest == file.digest else "no-cache",
    }
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    if file.compressed and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(file.compressed, headers={**headers, "Content-Encoding": "gzip"}, media_type=file.media_type)
    return Response(file.content, headers=headers, media_type=file.media_type)
