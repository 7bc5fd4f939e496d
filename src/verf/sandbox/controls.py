"""The control endpoints as a reader's list, taken from the OpenAPI description so that it is never out of date."""

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Control:
    tag: str
    method: str
    path: str
    summary: str
    description: str
    parameters: list[tuple[str, str]]
    body: str


def controls_of(description: dict[str, Any]) -> dict[str, list[Control]]:
    """Controls by tag, in the order in which they were plugged in."""
    groups: dict[str, list[Control]] = {}
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            control = _control(path, method, operation, description)
            groups.setdefault(control.tag, []).append(control)
    return groups


def _control(path: str, method: str, operation: dict[str, Any], description: dict[str, Any]) -> Control:
    return Control(
        tag=operation.get("tags", ["other"])[0],
        method=method.upper(),
        path=path,
        summary=operation.get("summary", ""),
        description=operation.get("description", "") or _about_body(operation, description),
        parameters=[(parameter["name"], _about(parameter)) for parameter in operation.get("parameters", [])],
        body=_example_body(operation, description),
    )


def _about(parameter: dict[str, Any]) -> str:
    return str(parameter.get("description") or parameter.get("schema", {}).get("type", "text"))


def _about_body(operation: dict[str, Any], description: dict[str, Any]) -> str:
    schema = _body_schema(operation)
    return str(_resolved(schema, description).get("description", "")) if schema else ""


def _example_body(operation: dict[str, Any], description: dict[str, Any]) -> str:
    schema = _body_schema(operation)
    return json.dumps(_example(schema, description), ensure_ascii=False) if schema else ""


def _body_schema(operation: dict[str, Any]) -> dict[str, Any] | None:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    schema: dict[str, Any] | None = content.get("schema")
    return schema


def _resolved(schema: dict[str, Any], description: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in schema:
        return schema
    named: dict[str, Any] = description["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    return named


def _example(schema: dict[str, Any], description: dict[str, Any]) -> Any:
    """The schema's own example, or a value of the right shape."""
    schema = _resolved(schema, description)
    for key in ("example", "default", "const"):
        if key in schema:
            return schema[key]
    for key in ("examples", "enum"):
        if schema.get(key):
            return schema[key][0]
    if schema.get("anyOf"):
        return _example(schema["anyOf"][0], description)
    if schema.get("type") == "object" or "properties" in schema:
        return {name: _example(part, description) for name, part in schema.get("properties", {}).items()}
    if schema.get("type") == "array":
        return [_example(schema.get("items", {}), description)]
    return {"integer": 1, "number": 1, "boolean": True, "null": None}.get(schema.get("type", ""), "…")
