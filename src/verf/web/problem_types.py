"""Every kind of problem this house can answer with: the general ones, and the errors rooms derive from them."""

from dataclasses import dataclass
from http import HTTPStatus

from verf.errors import VerfError
from verf.web.error_words import CODES


@dataclass(frozen=True)
class ProblemType:
    code: str
    status: int
    title: str


def problem_types() -> list[ProblemType]:
    """Sorted by status and code. Rooms count once they are imported, so ask after the house is put together."""
    general = {code: ProblemType(code, status, HTTPStatus(status).phrase) for status, code in CODES.items()}
    general["malformed-json"] = ProblemType("malformed-json", 400, "Malformed JSON")
    derived = {kind.code: kind for kind in map(_described, _kinds(VerfError))}
    return sorted({**general, **derived}.values(), key=lambda kind: (kind.status, kind.code))


def _kinds(parent: type[VerfError]) -> list[type[VerfError]]:
    return [kind for child in parent.__subclasses__() for kind in (child, *_kinds(child))]


def _described(kind: type[VerfError]) -> ProblemType:
    # Neither name depends on what an instance was made with.
    error = kind.__new__(kind)
    return ProblemType(error.code, kind.status, error.title)
