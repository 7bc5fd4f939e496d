import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from verf.settings import House, SecretMissing, _house_secret, kept_secret, secret


def test_every_purpose_has_a_key_of_its_own():
    assert secret("one") == secret("one")
    assert secret("one") != secret("two")
    assert len(secret("one")) == 32


def test_production_refuses_a_missing_or_short_secret():
    for given in ("", "x" * 31):
        with pytest.raises(SecretMissing):
            _house_secret(House(mode="production", secret_key=given))
    assert _house_secret(House(mode="production", secret_key="x" * 32)) == b"x" * 32


def test_processes_that_start_together_agree_on_the_kept_secret(tmp_path):
    path = tmp_path / "secrets" / "house"
    with ThreadPoolExecutor(8) as starters:
        seen = set(starters.map(lambda _: kept_secret(path), range(8)))
    assert len(seen) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["house"]
