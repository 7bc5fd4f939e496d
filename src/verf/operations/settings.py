from pydantic import Field, SecretStr

from verf.settings import Section


class OperationsSettings(Section, env_prefix="VERF_OPERATIONS_"):
    """Who may read metrics and the details of health, and what is too little disk or too late a job."""

    # Sent as "Authorization: Bearer …" by Prometheus; empty means addresses decide alone.
    token: SecretStr = SecretStr("")
    operator_networks: str = "127.0.0.0/8,::1/128"
    free_megabytes: int = Field(default=500, ge=0)
    # How late the oldest due job may be before this house is not ready; zero asks nothing.
    latest_job_minutes: int = Field(default=15, ge=0)
