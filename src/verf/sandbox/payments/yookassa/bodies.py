"""What the API accepts. Stricter than the real one where that is unknown: fields we have not heard of are refused."""

from typing import Annotated, Any, Literal, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from verf.kit import Money
from verf.sandbox.payments.yookassa.errors import invalid

Kind = Literal["bank_card", "sbp", "yoo_money"]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Amount(Strict):
    value: str = Field(pattern=r"^\d{1,9}\.\d{2}$")
    currency: Literal["RUB"]

    @property
    def minor(self) -> int:
        return Money.of(self.value, self.currency).minor_units


class Confirmation(Strict):
    type: Literal["redirect"]
    return_url: str = Field(pattern=r"^https?://", max_length=2048)
    enforce: bool = False
    locale: str | None = None


class MethodData(Strict):
    type: Kind


class Customer(Strict):
    full_name: str | None = Field(default=None, max_length=256)
    inn: str | None = Field(default=None, pattern=r"^(\d{10}|\d{12})$")
    email: str | None = Field(default=None, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
    phone: str | None = Field(default=None, pattern=r"^\d{10,15}$")


class Item(Strict):
    description: str = Field(min_length=1, max_length=128)
    quantity: float | str
    amount: Amount
    vat_code: Annotated[int, Field(ge=1, le=12)]
    payment_subject: str | None = None
    payment_mode: str | None = None
    measure: str | None = None


class Receipt(Strict):
    customer: Customer | None = None
    # The older places of the same two.
    email: str | None = Field(default=None, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
    phone: str | None = Field(default=None, pattern=r"^\d{10,15}$")
    items: list[Item] = Field(min_length=1, max_length=100)
    tax_system_code: Annotated[int, Field(ge=1, le=6)] | None = None


class NewPayment(Strict):
    amount: Amount
    description: str | None = Field(default=None, max_length=128)
    receipt: Receipt | None = None
    confirmation: Confirmation | None = None
    payment_method_id: str | None = None
    payment_method_data: MethodData | None = None
    save_payment_method: bool = False
    capture: bool = False
    client_ip: str | None = None
    metadata: dict[str, str | bool | int | float] = Field(default_factory=dict, max_length=16)
    merchant_customer_id: str | None = Field(default=None, max_length=200)

    @field_validator("save_payment_method", mode="before")
    @classmethod
    def _written_as_text(cls, value: Any) -> Any:
        """The documentation's own example sends the word."""
        return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value

    @field_validator("metadata")
    @classmethod
    def _short(cls, metadata: dict[str, Any]) -> dict[str, Any]:
        if any(len(key) > 32 or len(str(value)) > 512 for key, value in metadata.items()):
            raise ValueError("keys have at most 32 characters, values 512")
        return metadata


class Capture(Strict):
    amount: Amount | None = None
    receipt: Receipt | None = None


class NewRefund(Strict):
    payment_id: str = Field(min_length=36, max_length=36)
    amount: Amount
    description: str | None = Field(default=None, max_length=250)
    receipt: Receipt | None = None
    metadata: dict[str, str] = Field(default_factory=dict, max_length=16)


class NewMethod(Strict):
    """Keeping a card without a payment."""

    type: Literal["bank_card"]
    confirmation: Confirmation


Body = TypeVar("Body", bound=Strict)


def read(kind: type[Body], raw: bytes) -> Body:
    try:
        content = orjson.loads(raw or b"{}")
    except orjson.JSONDecodeError as error:
        raise invalid("The body is not JSON.") from error
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise invalid(f"Invalid value of the parameter: {first['msg']}", where) from error
