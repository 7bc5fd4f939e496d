"""What the control room accepts. Unknown fields are refused: a typing error is no silent success."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from stock.simulators.wildberries.faults import Name


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewSeller(Strict):
    alias: str = Field(pattern=r"^[a-z0-9-]{1,40}$")
    name: str = Field(default="ИП Новый", max_length=80)
    products: int = Field(default=100, ge=0, le=120_000)
    orders_a_day: float = Field(default=50, ge=0, le=20_000)
    warehouses: int = Field(default=2, ge=0, le=10)
    maximum_sizes: int = Field(default=8, ge=1, le=8)
    history_days: int = Field(default=100, ge=1, le=100)


class StockChange(Strict):
    quantity: int = Field(ge=0, le=10_000_000)
    nm_id: int | None = None
    chrt_id: int | None = None
    warehouse_id: int | None = None

    @model_validator(mode="after")
    def _names_something(self) -> "StockChange":
        if (self.nm_id is None) == (self.chrt_id is None):
            raise ValueError("Give nm_id (all its sizes) or chrt_id (one size).")
        return self


class DemandChange(Strict):
    nm_id: int
    factor: float = Field(ge=0, le=10_000)


class CardChange(Strict):
    nm_id: int
    title: str | None = Field(default=None, max_length=60)
    vendor_code: str | None = Field(default=None, min_length=1, max_length=75)
    brand: str | None = Field(default=None, max_length=50)
    description: str | None = Field(default=None, max_length=5000)
    price: int | None = Field(default=None, ge=0, le=10_000_000)
    discount: int | None = Field(default=None, ge=0, le=95)
    club_discount: int | None = Field(default=None, ge=0, le=50)


class CardName(Strict):
    nm_id: int


class TokenName(Strict):
    token: str = Field(max_length=4000)


class NewSecret(Strict):
    days: float = Field(default=180, ge=-1, le=180)


class NewFault(Strict):
    kind: Name
    seller: str = ""
    path: str = Field(default="*", max_length=200)
    count: int | None = Field(default=None, ge=1)
    for_seconds: float | None = Field(default=None, gt=0)
    rate: float = Field(default=1.0, gt=0, le=1)
    seconds: float = Field(default=5.0, ge=0, le=120)
    status: Literal[200, 403, 502] = 200
    variant: Literal["unknown-field", "money-as-text", "null", "missing", "new-enum"] = "unknown-field"


class SettingsChange(Strict):
    row_cut: int | None = Field(default=None, ge=1, le=80_000)
    hides_warehouses: bool | None = None
    renames_own_warehouses: bool | None = None
    scope_status: Literal[401, 403] | None = None
    enforces_limits: bool | None = None
    remains_ready_after_seconds: int | None = Field(default=None, ge=0, le=3600)
