from ipaddress import ip_network

from pydantic import Field, SecretStr, field_validator

from verf.settings import House, Section

NETWORKS = (
    "77.75.153.0/25,77.75.156.11/32,77.75.156.35/32,77.75.154.128/25,185.71.76.0/27,185.71.77.0/27,"
    "2a02:5180:0:1509::/64,2a02:5180:0:2655::/64,2a02:5180:0:1533::/64,2a02:5180:0:2669::/64"
)


class YooKassaSettings(Section, env_prefix="VERF_YOOKASSA_"):
    """Our shop at YooKassa. Without shop and secret a sandbox talks to its own simulator, production leaves it off."""

    shop_id: str = ""
    # test_… of a test shop, live_… of a real one.
    secret_key: SecretStr = SecretStr("")
    url: str = "https://api.yookassa.ru/v3"
    # Where notifications come from; they carry no signature. Empty takes them from anywhere: each is asked for again.
    networks: str = NETWORKS
    # Fiscal receipts by 54-FZ with every payment and refund.
    receipts: bool = True
    # 1 is "without VAT", 4 is 20 %, 11 is 22 %; 0 tax system leaves it to the shop.
    vat_code: int = Field(default=1, ge=1, le=12)
    tax_system: int = Field(default=0, ge=0, le=6)
    # YooKassa allows a live shop to charge saved methods only on request; without it periods are paid in advance.
    recurring: bool = True
    timeout_seconds: float = Field(default=20, gt=0)

    @field_validator("networks")
    @classmethod
    def _can_be_read(cls, given: str) -> str:
        for each in filter(None, given.replace(" ", "").split(",")):
            ip_network(each)
        return given

    def in_house(self, house: House) -> "YooKassaSettings | None":
        """These, or those of the house's own simulator, or None: this provider is off."""
        if self.shop_id and self.secret_key.get_secret_value():
            return self
        if not house.is_sandbox:
            return None
        simulated = {
            "shop_id": "100500",
            "secret_key": SecretStr("test_sandbox"),
            "url": f"{house.url}/sandbox/yookassa/v3",
        }
        return self.model_copy(update=simulated)
