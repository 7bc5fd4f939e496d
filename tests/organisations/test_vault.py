import pytest
from cryptography.fernet import Fernet
from sqlalchemy import text

from verf.database import transaction
from verf.errors import NotFound
from verf.organisations import forget, keep_secret, reveal, rotate_vault
from verf.organisations.vault import VaultLocked, VaultSettings
from verf.settings import load

TOKEN = "eyJhbGciOiJFUzI1NiJ9.wildberries.token"


@pytest.fixture
def keys(monkeypatch):
    """Sets VERF_VAULT_KEYS, as an operator does and starts again."""

    def use(*chosen):
        monkeypatch.setenv("VERF_VAULT_KEYS", ",".join(chosen))
        load.cache_clear()

    yield use
    monkeypatch.undo()
    load.cache_clear()


async def keep(client, value=TOKEN):
    async with transaction(organisation=client.organisation) as session:
        return await keep_secret(session, client.organisation, "wildberries", value)


async def show(client, credential):
    async with transaction(organisation=client.organisation) as session:
        return await reveal(session, credential)


async def test_a_secret_is_kept_and_shown_to_its_organisation_only(anna, boris):
    credential = await keep(anna)
    assert await show(anna, credential) == TOKEN
    with pytest.raises(NotFound):
        await show(boris, credential)
    async with transaction() as session:
        with pytest.raises(NotFound):
            await reveal(session, credential)


async def test_nothing_readable_lies_in_the_table(anna):
    await keep(anna)
    async with transaction(system="test") as session:
        row = await session.scalar(
            text("SELECT c::text || encode(c.sealed, 'escape') FROM organisations.credentials c")
        )
    assert TOKEN not in row
    assert "wildberries.token" not in row


async def test_a_forgotten_filter_shows_no_foreign_secret(anna, boris):
    await keep(anna)
    async with transaction(organisation=boris.organisation) as session:
        assert await session.scalar(text("SELECT count(*) FROM organisations.credentials")) == 0
        await session.execute(text("DELETE FROM organisations.credentials"))
    async with transaction(system="test") as session:
        assert await session.scalar(text("SELECT count(*) FROM organisations.credentials")) == 1


async def test_a_sealed_value_moved_to_another_row_does_not_open(anna):
    first, second = await keep(anna), await keep(anna, "another")
    async with transaction(organisation=anna.organisation) as session:
        await session.execute(
            text(
                "UPDATE organisations.credentials SET sealed ="
                " (SELECT sealed FROM organisations.credentials WHERE id = :first) WHERE id = :second"
            ),
            {"first": first, "second": second},
        )
    with pytest.raises(VaultLocked):
        await show(anna, second)


async def test_keys_are_changed_without_losing_anything(anna, keys):
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    keys(old)
    credential = await keep(anna)
    keys(new, old)
    assert await show(anna, credential) == TOKEN
    async with transaction(system="vault rotation") as session:
        assert await rotate_vault(session) == 1
    async with transaction(system="vault rotation") as session:
        assert await rotate_vault(session) == 0
    keys(new)
    assert await show(anna, credential) == TOKEN
    keys(old)
    with pytest.raises(VaultLocked):
        await show(anna, credential)


async def test_a_secret_can_be_forgotten(anna):
    credential = await keep(anna)
    async with transaction(organisation=anna.organisation) as session:
        await forget(session, credential)
    with pytest.raises(NotFound):
        await show(anna, credential)


def test_the_keys_do_not_show_in_settings(keys):
    key = Fernet.generate_key().decode()
    keys(key)
    assert key not in repr(load(VaultSettings))
