"""One person, many spellings: addresses that reach the same inbox are one."""

from verf.identity import normalise

DOTLESS = {"gmail.com", "googlemail.com"}


def unaliased(email: str) -> str:
    """Without what stands after a plus, and without the dots that Gmail does not see."""
    name, _, domain = normalise(email).rpartition("@")
    name = name.partition("+")[0] or name
    if domain in DOTLESS:
        return f"{name.replace('.', '')}@gmail.com"
    return f"{name}@{domain}"
