import pytest
from pydantic import SecretStr

from verf.limits import LimitsSettings
from verf.manifest import Room
from verf.operations import describe_settings, refusals
from verf.settings import Section

GOOD_KEY = "kZ7c-0Jq3xVw9Rt5Lb1Nf8Gh2Ys6Dp4Me_UaXoQi"


class ParcelSettings(Section, env_prefix="VERF_PARCELS_"):
    token: SecretStr = SecretStr("")
    base_url: str = "https://parcels.example"
    test_mode: bool = False
    most: int = 3


ROOMS = [Room(name="parcels", package="parcels", settings=ParcelSettings)]


@pytest.fixture
def production(monkeypatch):
    monkeypatch.setenv("VERF_MODE", "production")
    monkeypatch.setenv("VERF_SECRET_KEY", GOOD_KEY)
    monkeypatch.setenv("VERF_PUBLIC_URL", "https://shop.example.com")
    return monkeypatch


def test_a_well_set_house_starts(production):
    assert refusals(ROOMS) == []


@pytest.mark.parametrize(
    "key", ["", "short", "a" * 64, "abcabcabcabcabcabcabcabcabcabcabcabc", "changeme-changeme-changeme-changeme"]
)
def test_a_weak_secret_is_refused(production, key):
    production.setenv("VERF_SECRET_KEY", key)
    [sentence] = refusals(ROOMS)
    assert sentence.startswith("VERF_SECRET_KEY")
    assert len(key) < 6 or key not in sentence


@pytest.mark.parametrize(
    "address", ["", "http://shop.example.com", "https://", "https://localhost:8000", "https://127.0.0.1"]
)
def test_a_public_address_without_https_is_refused(production, address):
    production.setenv("VERF_PUBLIC_URL", address)
    [sentence] = refusals(ROOMS)
    assert sentence.startswith("VERF_PUBLIC_URL")


@pytest.mark.parametrize(
    "variable, value",
    [
        ("VERF_PARCELS_TEST_MODE", "true"),
        ("VERF_PARCELS_TOKEN", "secret"),
        ("VERF_PARCELS_BASE_URL", "http://127.0.0.1:8000/sandbox/parcels"),
        ("VERF_PARCELS_MOST", "many"),
    ],
)
def test_what_belongs_to_tests_is_refused(production, variable, value):
    production.setenv(variable, value)
    [sentence] = refusals(ROOMS)
    assert sentence.startswith(variable)
    assert value not in sentence or value == "true"


def test_every_section_of_a_room_is_looked_at(production):
    production.setenv("VERF_PARCELS_BASE_URL", "http://127.0.0.1:8000/sandbox/{host}")
    [sentence] = refusals([Room(name="post", package="post", more_settings=(ParcelSettings,))])
    assert "leads to a simulator" in sentence


def test_settings_that_need_each_other_are_asked_for_together(production):
    production.setenv("VERF_LIMITS_STORE", "redis")
    [sentence] = refusals([Room(name="limits", package="verf.limits", settings=LimitsSettings)])
    assert "VERF_REDIS_URL" in sentence


def test_the_sandbox_takes_weak_secrets_but_not_nonsense(monkeypatch):
    monkeypatch.setenv("VERF_MODE", "sandbox")
    monkeypatch.setenv("VERF_PARCELS_TOKEN", "secret")
    assert refusals(ROOMS) == []
    monkeypatch.setenv("VERF_PARCELS_MOST", "many")
    assert len(refusals(ROOMS)) == 1


def test_a_setting_with_a_name_of_its_own_is_listed_by_it(monkeypatch):
    monkeypatch.setenv("VERF_REDIS_URL", "redis://:hunter2@127.0.0.1")
    rooms = [Room(name="limits", package="verf.limits", settings=LimitsSettings)]
    lines = {line.variable: line for line in describe_settings(rooms)}
    assert (lines["VERF_REDIS_URL"].value, lines["VERF_REDIS_URL"].source) == ("set, hidden", "environment")


def test_settings_are_listed_with_their_source_and_without_secrets(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("VERF_PARCELS_MOST=7\n")
    monkeypatch.setenv("VERF_PARCELS_TOKEN", "tq8-very-private")
    lines = {line.variable: line for line in describe_settings(ROOMS)}
    assert (lines["VERF_PARCELS_MOST"].value, lines["VERF_PARCELS_MOST"].source) == ("7", ".env")
    assert (lines["VERF_PARCELS_TOKEN"].value, lines["VERF_PARCELS_TOKEN"].source) == ("set, hidden", "environment")
    assert lines["VERF_PARCELS_BASE_URL"].source == "default"
    assert {"VERF_MODE", "VERF_TELEMETRY_LEVEL", "VERF_SENTRY_DSN"} <= set(lines)
    assert "tq8-very-private" not in str(lines)
