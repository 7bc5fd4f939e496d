"""Puts the machinery of this room around an application. Called by app, once."""

from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from verf.errors import VerfError
from verf.settings import load
from verf.web.gate import Gate, Language
from verf.web.problem_types import problem_types
from verf.web.problems import Problem, on_bad_request, on_http_exception, on_verf_error
from verf.web.security import SecurityHeaders
from verf.web.settings import WebSettings

DOCUMENTED = ("/api/", "/health/")


def install(app: FastAPI) -> None:
    """Headers, the gate, CORS where allowed, and failures as problems or pages.

    Middleware added before this call stands inside: what recognises people belongs there, so that its failures are
    answered too. Middleware added later stands outside, such as telemetry.
    """
    app.add_exception_handler(VerfError, on_verf_error)
    app.add_exception_handler(RequestValidationError, on_bad_request)
    app.add_exception_handler(HTTPException, on_http_exception)
    app.user_middleware.append(Middleware(Language))
    app.add_middleware(Gate)
    if origins := load(WebSettings).origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=sorted(origins),
            allow_methods=["*"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key"],
            expose_headers=["RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-Id"],
        )
    app.add_middleware(SecurityHeaders)
    _document_problems(app)


def _document_problems(app: FastAPI) -> None:
    """OpenAPI knows the shape of a problem, and that every operation may answer with one."""
    describe = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = describe()
            # Pages are no API.
            schema["paths"] = {path: found for path, found in schema["paths"].items() if path.startswith(DOCUMENTED)}
            _add_problem(schema)
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]  # FastAPI documents this as the way to extend the schema


def _add_problem(schema: dict[str, Any]) -> None:
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas = schema.setdefault("components", {}).setdefault("schemas", {})
    schemas.update(problem.pop("$defs", {}))
    problem["properties"]["code"]["enum"] = [kind.code for kind in problem_types()]
    schemas["Problem"] = problem
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for operations in schema.get("paths", {}).values():
        for operation in operations.values():
            responses = operation.setdefault("responses", {})
            responses["422"] = {"description": "Unprocessable Content", "content": content}
            responses["default"] = {"description": "Any other problem", "content": content}
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
