from datetime import timedelta

from pydantic import Field, SecretStr

from verf.settings import House, Section, load


class StockSettings(Section, env_prefix="VERF_STOCK_"):
    """Defaults of the tracker; an organisation changes its own lead time on its pages."""

    # Never more often than this, whatever the plan says. Wildberries refreshes stock and sales every half hour.
    sync_minutes: int = Field(default=10, ge=5)
    product_limit: int = Field(default=10_000, ge=1)
    lead_days: int = Field(default=21, ge=0, le=365)
    lead_deviation_days: int = Field(default=5, ge=0, le=180)
    review_days: int = Field(default=7, ge=1, le=90)
    # Share of the products in stock that may fall to zero at once before it must last for an hour to be believed.
    believable_drop: float = Field(default=0.3, gt=0, le=1)

    @property
    def sync_interval(self) -> timedelta:
        return timedelta(minutes=self.sync_minutes)


class WildberriesSettings(Section, env_prefix="VERF_STOCK_WILDBERRIES_"):
    """Where Wildberries is reached. In the sandbox that is the simulator."""

    # A pattern with {host}, such as https://{host}.wildberries.ru.
    url: str = ""
    # The documentation says the bare token; some of its pages say "Bearer ".
    token_prefix: str = ""
    # The secret of a service outside of the catalogue, which lifts the limits of base tokens.
    client_secret: SecretStr | None = None
    timeout_seconds: float = Field(default=60.0, gt=0)
    cards_page: int = Field(default=100, ge=1, le=100)
    prices_page: int = Field(default=1_000, ge=1, le=1_000)
    stocks_page: int = Field(default=250_000, ge=1, le=250_000)
    seller_stocks_page: int = Field(default=1_000, ge=1, le=1_000)
    # Orders and sales are cut at about this many rows.
    statistics_page: int = Field(default=80_000, ge=2)

    def address(self, host: str) -> str:
        if self.url:
            return self.url.format(host=host)
        house = load(House)
        if house.is_sandbox:
            return f"{house.url}/sandbox/wildberries/{host}"
        return f"https://{host}.wildberries.ru"
