from pydantic import Field, SecretStr

from verf.settings import Section


class OperationsSettings(Section, env_prefix="VERF_OPERATIONS_"):
    """Who may read metrics and the details of health, and how little free disk is too little."""

    # Sent as "Authorization: Bearer …" by Prometheus; empty means addresses decide alone.
    token: SecretStr = SecretStr("")
    operator_networks: str = "127.0.0.0/8,::1/128"
    free_megabytes: int = Field(default=500, ge=0)
