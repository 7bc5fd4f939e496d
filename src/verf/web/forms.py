"""What a person typed: checked by a pydantic model, explained beside the fields in their language."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, get_origin

from pydantic import BaseModel, SecretStr, ValidationError
from starlette.datastructures import FormData
from starlette.requests import Request

from verf.errors import Invalid
from verf.web.locales import gettext as _

Model = TypeVar("Model", bound=BaseModel)
MOST_FIELDS = 200


class FieldErrors(dict[str, str]):
    """Messages by field; "" holds what belongs to no field."""

    def __missing__(self, name: str) -> str:
        return ""


@dataclass
class Form(Generic[Model]):
    values: dict[str, Any] = field(default_factory=dict)
    errors: FieldErrors = field(default_factory=FieldErrors)
    model: Model | None = None
    sent: bool = True

    @property
    def ok(self) -> bool:
        return self.model is not None and not self.errors

    @property
    def data(self) -> Model:
        """What was sent, checked. Only when ok."""
        if self.model is None:
            raise Invalid(_("Check the fields."), fields=self.errors)
        return self.model

    def refuse(self, error: Invalid | str, field: str = "") -> None:
        """Add what only a rule of the business could find: form.refuse(error) or form.refuse("Taken.", "email")."""
        if isinstance(error, str):
            self.errors[field] = error
        elif error.fields:
            self.errors.update({name: str(text) for name, text in error.fields.items()})
        else:
            self.errors[field] = str(error)


def blank(values: Mapping[str, Any] | None = None) -> Form[Any]:
    """A form nobody sent yet, perhaps with what is known already."""
    return Form(values=dict(values or {}), sent=False)


async def form(request: Request, model: type[Model]) -> Form[Model]:
    """Read and check a sent form. Files and secrets never come back in `values`."""
    async with request.form(max_fields=MOST_FIELDS, max_files=10) as sent:
        raw = _collect(sent, model)
        shown = {name: value for name, value in raw.items() if not _is_secret(model, name) and _is_text(value)}
        try:
            return Form(values=shown, model=model.model_validate(raw))
        except ValidationError as error:
            return Form(values=shown, errors=explain(error))


def _collect(sent: FormData, model: type[BaseModel]) -> dict[str, Any]:
    collected: dict[str, Any] = {}
    for name in dict.fromkeys(sent):
        many = (
            get_origin(model.model_fields[name].annotation) in (list, tuple, set, frozenset)
            if name in model.model_fields
            else False
        )
        # A password keeps its spaces: nobody may know that we took them away.
        value = sent[name] if _is_secret(model, name) else _tidy(sent[name])
        collected[name] = sent.getlist(name) if many else value
    # An empty optional field is absent, so that the model's default holds.
    return {name: value for name, value in collected.items() if value != "" or _is_required(model, name)}


def _tidy(value: Any) -> Any:
    # No database keeps a NUL in a text.
    return value.replace("\x00", "").strip() if isinstance(value, str) else value


def _is_required(model: type[BaseModel], name: str) -> bool:
    return name in model.model_fields and model.model_fields[name].is_required()


def _is_text(value: Any) -> bool:
    return isinstance(value, str | list)


def _is_secret(model: type[BaseModel], name: str) -> bool:
    known = model.model_fields.get(name)
    return "password" in name or (
        known is not None and SecretStr in (known.annotation, *getattr(known.annotation, "__args__", ()))
    )


def explain(error: ValidationError) -> FieldErrors:
    """The first fault of each field, in words for the person."""
    faults = FieldErrors()
    for fault in error.errors(include_url=False, include_input=True):
        name = ".".join(str(part) for part in fault["loc"])
        faults.setdefault(name, sentence(fault))
    return faults


def sentence(fault: Mapping[str, Any]) -> str:
    """What is wrong with one value, in the reader's language."""
    context = fault.get("ctx", {})
    if fault["type"] in ("missing", "string_too_short", "string_type") and fault.get("input") in ("", None):
        return _("Fill this in.")
    if fault["type"] == "value_error":
        return _(str(context.get("error", fault["msg"])))
    wording = SENTENCES.get(fault["type"])
    return wording(context) if wording else _("This value cannot be used.")


SENTENCES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "missing": lambda _c: _("Fill this in."),
    "string_type": lambda _c: _("Enter text."),
    "string_too_short": lambda c: _("Use at least %(min_length)s characters.", min_length=c["min_length"]),
    "string_too_long": lambda c: _("Use at most %(max_length)s characters.", max_length=c["max_length"]),
    "string_pattern_mismatch": lambda _c: _("This does not have the expected form."),
    "int_parsing": lambda _c: _("Enter a whole number."),
    "int_from_float": lambda _c: _("Enter a whole number."),
    "int_type": lambda _c: _("Enter a whole number."),
    "float_parsing": lambda _c: _("Enter a number, for example 19.90."),
    "decimal_parsing": lambda _c: _("Enter a number, for example 19.90."),
    "decimal_type": lambda _c: _("Enter a number, for example 19.90."),
    "greater_than": lambda c: _("Enter a number above %(gt)s.", gt=c["gt"]),
    "greater_than_equal": lambda c: _("Enter %(ge)s or more.", ge=c["ge"]),
    "less_than": lambda c: _("Enter a number below %(lt)s.", lt=c["lt"]),
    "less_than_equal": lambda c: _("Enter %(le)s or less.", le=c["le"]),
    "literal_error": lambda _c: _("Choose one of the options."),
    "enum": lambda _c: _("Choose one of the options."),
    "bool_parsing": lambda _c: _("Choose yes or no."),
    "date_from_datetime_parsing": lambda _c: _("Enter a date, for example 2026-03-31."),
    "date_parsing": lambda _c: _("Enter a date, for example 2026-03-31."),
    "datetime_from_date_parsing": lambda _c: _("Enter a date and time."),
    "datetime_parsing": lambda _c: _("Enter a date and time."),
    "uuid_parsing": lambda _c: _("This is not a valid id."),
    "url_parsing": lambda _c: _("Enter an address that starts with https://"),
    "url_scheme": lambda _c: _("Enter an address that starts with https://"),
    "too_short": lambda c: _("Choose at least %(min_length)s.", min_length=c["min_length"]),
    "too_long": lambda c: _("Choose at most %(max_length)s.", max_length=c["max_length"]),
    "extra_forbidden": lambda _c: _("There is no such field."),
    "json_invalid": lambda _c: _("This is not valid JSON."),
}
