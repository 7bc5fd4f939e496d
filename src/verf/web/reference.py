"""The reference of the API as pages can show it: the OpenAPI document, flattened."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")
DEEPEST = 6


@dataclass(frozen=True)
class Part:
    """A parameter or a field of a body."""

    name: str
    kind: str
    required: bool
    note: str
    place: str = ""


@dataclass(frozen=True)
class Answer:
    status: str
    meaning: str
    example: str


@dataclass(frozen=True)
class Operation:
    id: str
    method: str
    path: str
    title: str
    text: str
    parameters: list[Part]
    body: list[Part]
    request: str
    answers: list[Answer]


def operations_by_tag(document: Mapping[str, Any], url: str) -> dict[str, list[Operation]]:
    groups: dict[str, list[Operation]] = {}
    for path, found in document.get("paths", {}).items():
        for method in METHODS:
            if method in found:
                tag = (found[method].get("tags") or ["API"])[0]
                groups.setdefault(tag, []).append(_operation(document, url, path, method, found[method]))
    # What answers outside of /api/ is for operators, so it comes last.
    return dict(sorted(groups.items(), key=lambda group: not group[1][0].path.startswith("/api/")))


def _operation(document: Mapping[str, Any], url: str, path: str, method: str, found: Mapping[str, Any]) -> Operation:
    body = _schema_of(found.get("requestBody", {}))
    return Operation(
        id=f"{method}-{path.strip('/').replace('/', '-').replace('{', '').replace('}', '')}",
        method=method,
        path=path,
        title=found.get("summary", path),
        text=found.get("description", ""),
        parameters=[_parameter(document, one) for one in found.get("parameters", ())],
        body=list(_fields(document, body)),
        request=_curl(document, url, path, method, body),
        answers=[_answer(document, status, one) for status, one in found.get("responses", {}).items()],
    )


def _parameter(document: Mapping[str, Any], found: Mapping[str, Any]) -> Part:
    schema = found.get("schema", {})
    note = found.get("description") or schema.get("description", "")
    return Part(found["name"], _kind(document, schema), bool(found.get("required")), note, found["in"])


def _fields(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterable[Part]:
    resolved = _resolve(document, schema)
    required = resolved.get("required", ())
    for name, one in resolved.get("properties", {}).items():
        yield Part(name, _kind(document, one), name in required, one.get("description", ""))


def _kind(document: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    choices = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    if choices:
        return " | ".join(_kind(document, one) for one in choices)
    resolved = _resolve(document, schema)
    if "enum" in resolved:
        return " | ".join(str(value) for value in resolved["enum"])
    if resolved.get("type") == "array":
        return f"[{_kind(document, resolved.get('items', {}))}]"
    return str(resolved.get("format") or resolved.get("const") or resolved.get("type") or "any")


def _answer(document: Mapping[str, Any], status: str, found: Mapping[str, Any]) -> Answer:
    schema = _schema_of(found)
    shown = json.dumps(_example(document, schema), indent=2, ensure_ascii=False) if schema else ""
    return Answer(status, found.get("description", ""), shown)


def _schema_of(found: Mapping[str, Any]) -> Mapping[str, Any]:
    media: Mapping[str, Any] = next(iter(found.get("content", {}).values()), {})
    schema: Mapping[str, Any] = media.get("schema", {})
    return schema


def _resolve(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = schema.get("$ref", "")
    if not reference:
        return schema
    found: Mapping[str, Any] = document["components"]["schemas"].get(reference.rpartition("/")[2], {})
    return found


def _example(document: Mapping[str, Any], schema: Mapping[str, Any], depth: int = 0) -> Any:
    resolved = _resolve(document, schema)
    given = resolved.get("examples") or [resolved[key] for key in ("example", "default", "const") if key in resolved]
    if given:
        return given[0]
    if "enum" in resolved:
        return resolved["enum"][0]
    for together in ("anyOf", "oneOf", "allOf"):
        if resolved.get(together):
            return _example(document, resolved[together][0], depth + 1)
    return _made_up(document, resolved, depth)


def _made_up(document: Mapping[str, Any], resolved: Mapping[str, Any], depth: int) -> Any:
    if depth > DEEPEST:
        return None
    if resolved.get("type") == "object" or "properties" in resolved:
        return {name: _example(document, one, depth + 1) for name, one in resolved.get("properties", {}).items()}
    if resolved.get("type") == "array":
        return [_example(document, resolved.get("items", {}), depth + 1)]
    return EXAMPLES.get(resolved.get("format", "")) or EXAMPLES.get(resolved.get("type", ""))


EXAMPLES: dict[str, Any] = {
    "uuid": "0199f0c2-7d1e-7a31-9a0e-5f6f0f6b1c2d",
    "date-time": "2026-03-31T09:00:00Z",
    "date": "2026-03-31",
    "email": "anna@example.com",
    "uri": "https://example.com",
    "string": "text",
    "integer": 1,
    "number": 1.5,
    "boolean": True,
}


def _curl(document: Mapping[str, Any], url: str, path: str, method: str, body: Mapping[str, Any]) -> str:
    lines = [f"curl {url}{path}" if method == "get" else f"curl -X {method.upper()} {url}{path}"]
    if path.startswith("/api/"):
        lines.append('  -H "Authorization: Bearer $TOKEN"')
    if body:
        lines.append('  -H "Content-Type: application/json"')
        lines.append(f"  -d '{json.dumps(_example(document, body), ensure_ascii=False)}'")
    return " \\\n".join(lines)
