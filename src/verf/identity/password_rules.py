"""Which passwords we take: long enough, and not one that everybody tries first. No composition rules, no cutting."""

from functools import cache
from importlib.resources import files
from itertools import pairwise

from verf.errors import Invalid
from verf.web import _

SHORTEST = 8
ADVISED = 15
LONGEST = 256

# What people add to a common word: the endings seen most in published lists of leaked passwords.
ENDINGS = (
    *("", "1", "2", "3", "7", "11", "12", "13", "21", "22", "23", "69", "77", "88", "99", "00", "01", "007", "111"),
    *("123", "321", "666", "777", "1234", "4321", "12345", "123456", "1234567", "12345678", "123456789"),
)
YEARS = tuple(str(year) for year in range(1970, 2031))


class PasswordNotAllowed(Invalid):
    """The message says why, the field is `password`."""


def check_password(password: str, *, email: str = "") -> None:
    reason = _refusal(password, email.casefold())
    if reason:
        raise PasswordNotAllowed(reason, fields={"password": reason})


def _refusal(password: str, email: str) -> str:
    if len(password) < SHORTEST:
        return _("Use at least %(count)s characters; a few unrelated words are best.", count=SHORTEST)
    if len(password) > LONGEST:
        return _("Use at most %(count)s characters.", count=LONGEST)
    plain = password.casefold()
    if email and plain in {email, email.partition("@")[0]}:
        return _("Your address is the first thing others would try. Choose something else.")
    if plain in common_passwords() or _is_run(plain):
        return _("This password is on the lists everybody tries first. Choose something else.")
    return ""


@cache
def common_passwords() -> frozenset[str]:
    """Common passwords of eight characters and more: a hand-made list of words with their usual endings."""
    words = files("verf.identity").joinpath("common_words.txt").read_text("utf-8").split()
    endings = (*ENDINGS, *YEARS)
    spelt = (word + ending for word in words for ending in endings)
    doubled = (word * 2 for word in words)
    return frozenset(password for password in (*spelt, *doubled) if len(password) >= SHORTEST)


def _is_run(password: str) -> bool:
    """One character again and again, or an unbroken count up or down: aaaaaaaa, 12345678, hgfedcba."""
    steps = {ord(after) - ord(before) for before, after in pairwise(password)}
    return steps in ({0}, {1}, {-1})
