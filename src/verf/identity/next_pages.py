"""Where a person wanted to go before we asked who they are. Only ever a path of this house."""

UNSAFE = {"\\", "\r", "\n", "\t"}


def safe_next(wanted: str | None, otherwise: str = "/") -> str:
    """The path if it stays here; browsers read `//host` and `/\\host` as other sites."""
    if not wanted or not wanted.startswith("/") or wanted.startswith("//") or UNSAFE & set(wanted):
        return otherwise
    return wanted
