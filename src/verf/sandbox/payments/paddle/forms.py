"""Bodies of requests, as strict as Paddle: unknown fields and wrong shapes are refused."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Amount = Annotated[str, Field(pattern=r"^\d+$", max_length=18)]
Percent = Annotated[str, Field(pattern=r"^\d+(\.\d+)?$", max_length=18)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Words = dict[str, Any]


def _id(prefix: str) -> Any:
    return Field(pattern=rf"^{prefix}_[a-z\d]{{26}}$")


PriceId = Annotated[str, _id("pri")]
ProductId = Annotated[str, _id("pro")]
CustomerId = Annotated[str, _id("ctm")]
AddressId = Annotated[str, _id("add")]
DiscountId = Annotated[str, _id("dsc")]
TransactionId = Annotated[str, _id("txn")]
ItemId = Annotated[str, _id("txnitm")]
SubscriptionId = Annotated[str, _id("sub")]


class Form(BaseModel):
    model_config = ConfigDict(extra="forbid")

    def given(self) -> dict[str, Any]:
        return self.model_dump(exclude_unset=True, mode="json")


class UnitPrice(Form):
    amount: Amount
    currency_code: Currency


class Duration(Form):
    interval: Literal["day", "week", "month", "year"]
    frequency: int = Field(ge=1, le=999)


class TrialPeriod(Duration):
    """Trials without a card or for a price of their own are not simulated."""

    requires_payment_method: Literal[True] = True
    unit_price: None = None
    unit_price_overrides: list[Any] = Field(default_factory=list, max_length=0)


class QuantityLimits(Form):
    minimum: int = Field(ge=1)
    maximum: int = Field(ge=1, le=999_999_999)


class NewProduct(Form):
    name: str = Field(min_length=1, max_length=200)
    tax_category: str
    description: str | None = Field(default=None, max_length=2048)
    type: Literal["standard", "custom"] = "standard"
    image_url: str | None = None
    custom_data: Words | None = None


class PriceTerms(Form):
    description: str = Field(min_length=2, max_length=500)
    name: str | None = Field(default=None, max_length=150)
    unit_price: UnitPrice
    billing_cycle: Duration | None = None
    trial_period: TrialPeriod | None = None
    tax_mode: Literal["account_setting", "external", "internal", "location"] = "account_setting"
    unit_price_overrides: list[Any] = Field(default_factory=list)
    quantity: QuantityLimits | None = None
    custom_data: Words | None = None
    product_id: ProductId

    def given(self) -> dict[str, Any]:
        return {name: value for name, value in super().given().items() if name != "quantity" or value}


class NewPrice(PriceTerms):
    type: Literal["standard", "custom"] = "standard"


class CatalogueChange(Form):
    name: str | None = None
    description: str | None = None
    status: Literal["active", "archived"] | None = None
    custom_data: Words | None = None


class NewDiscount(Form):
    amount: Percent
    description: str = Field(min_length=1, max_length=500)
    type: Literal["percentage", "flat", "flat_per_seat"]
    enabled_for_checkout: bool = True
    mode: Literal["standard", "custom"] = "standard"
    code: str | None = Field(default=None, pattern=r"^[a-zA-Z0-9]{1,32}$")
    currency_code: Currency | None = None
    recur: bool = False
    maximum_recurring_intervals: int | None = Field(default=None, ge=1)
    usage_limit: int | None = Field(default=None, ge=1)
    restrict_to: list[str] | None = None
    expires_at: datetime | None = None
    custom_data: Words | None = None


class NewCustomer(Form):
    email: str = Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=320)
    name: str | None = Field(default=None, max_length=1024)
    locale: str = "en"
    custom_data: Words | None = None


class CustomerChange(Form):
    email: str | None = Field(default=None, pattern=r"^[^@\s]+@[^@\s]+$", max_length=320)
    name: str | None = None
    locale: str | None = None
    status: Literal["active", "archived"] | None = None
    custom_data: Words | None = None


class NewAddress(Form):
    country_code: str = Field(pattern=r"^[A-Z]{2}$")
    description: str | None = None
    first_line: str | None = None
    second_line: str | None = None
    city: str | None = None
    postal_code: str | None = None
    region: str | None = None
    custom_data: Words | None = None


class SoldItem(Form):
    """A price of the catalogue, or one made for this sale alone."""

    price_id: PriceId | None = None
    price: PriceTerms | None = None
    quantity: int = Field(ge=1)

    @model_validator(mode="after")
    def _is_one_of_both(self) -> "SoldItem":
        if (self.price_id is None) == (self.price is None):
            raise ValueError("either price_id or price")
        return self


class CheckoutPage(Form):
    url: str | None = None


class NewTransaction(Form):
    items: list[SoldItem] = Field(min_length=1, max_length=100)
    customer_id: CustomerId | None = None
    address_id: AddressId | None = None
    custom_data: Words | None = None
    currency_code: Currency | None = None
    collection_mode: Literal["automatic"] = "automatic"
    discount_id: DiscountId | None = None
    checkout: CheckoutPage | None = None


class TransactionChange(Form):
    status: Literal["canceled", "billed", "completed", "past_due"] | None = None
    customer_id: CustomerId | None = None
    address_id: AddressId | None = None
    custom_data: Words | None = None


class WantedItem(Form):
    price_id: PriceId
    quantity: int | None = Field(default=None, ge=1)


class SubscriptionChange(Form):
    items: list[WantedItem] | None = Field(default=None, min_length=1, max_length=100)
    proration_billing_mode: str | None = None
    on_payment_failure: Literal["prevent_change", "apply_change"] | None = None
    scheduled_change: Any = None
    next_billed_at: datetime | None = None
    custom_data: Words | None = None


class Ending(Form):
    effective_from: Literal["next_billing_period", "immediately"] = "next_billing_period"


class Pause(Ending):
    resume_at: datetime | None = None
    on_resume: Literal["continue_existing_billing_period", "start_new_billing_period"] = "start_new_billing_period"


class Resume(Form):
    effective_from: datetime | Literal["immediately"] = "immediately"
    on_resume: Literal["continue_existing_billing_period", "start_new_billing_period"] = "start_new_billing_period"


class AdjustedItem(Form):
    item_id: ItemId
    type: Literal["full", "partial"]
    amount: Amount | None = None

    @model_validator(mode="after")
    def _says_how_much(self) -> "AdjustedItem":
        if (self.type == "partial") != (self.amount is not None):
            raise ValueError("an amount with partial, none with full")
        return self


class NewAdjustment(Form):
    action: Literal["refund", "credit"]
    transaction_id: TransactionId
    reason: str = Field(min_length=1, max_length=1024)
    type: Literal["full", "partial"] | None = None
    tax_mode: Literal["internal", "external"] = "internal"
    items: list[AdjustedItem] | None = Field(default=None, min_length=1, max_length=100)


class NewPortalSession(Form):
    subscription_ids: list[SubscriptionId] = Field(default_factory=list, max_length=25)
