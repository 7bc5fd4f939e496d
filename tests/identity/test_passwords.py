import asyncio

import bcrypt
import pytest
from front_door import PASSWORD, browser, login, register, verified
from sqlalchemy import text

from verf.database import transaction
from verf.identity import passwords
from verf.identity.password_rules import PasswordNotAllowed, check_password, common_passwords
from verf.identity.passwords import TooBusyToSignIn, hash_password, needs_rehash, password_matches


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "password",
        "Password1",
        "12345678",
        "QWERTYUIOP",
        "qwerty123",
        "iloveyou1",
        "aaaaaaaaaa",
        "hgfedcba",
        "йцукен12345",
    ],
)
def test_passwords_everybody_tries_first_are_refused(password):
    with pytest.raises(PasswordNotAllowed):
        check_password(password)


@pytest.mark.parametrize("password", [PASSWORD, "x7!kQ2#v", "только латиница не нужна", " eight sp ", "a1" * 128])
def test_long_enough_is_good_enough(password):
    check_password(password)


def test_more_than_256_characters_are_refused_and_never_cut():
    with pytest.raises(PasswordNotAllowed):
        check_password("ab" * 129)


def test_ones_own_address_is_no_password():
    for guess in ("seller.anna@example.com", "Seller.Anna"):
        with pytest.raises(PasswordNotAllowed):
            check_password(guess, email="seller.anna@example.com")


def test_the_list_is_longer_than_three_thousand():
    assert len(common_passwords()) > 3000


async def test_hashes_are_memory_hard_and_use_every_character():
    long = "ж" * 100
    kept = await hash_password(long)
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await password_matches(long, kept)
    assert not await password_matches(long[:-1], kept)
    assert not needs_rehash(kept)


async def test_nobodys_password_never_matches():
    assert not await password_matches(PASSWORD, None)


async def test_an_older_bcrypt_hash_is_replaced_at_the_next_sign_in(app):
    async with browser(app) as client:
        await verified(client, "anna@example.com")
        old = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
        async with transaction() as session:
            await session.execute(text("UPDATE identity.people SET password_hash = :old"), {"old": old})
        await login(client, "anna@example.com")
        async with transaction() as session:
            new = await session.scalar(text("SELECT password_hash FROM identity.people"))
        assert new.startswith("$argon2id$")
        await login(client, "anna@example.com")


async def test_a_long_password_of_an_older_system_still_signs_in():
    long = "x" * 100
    old = bcrypt.hashpw(long.encode()[:72], bcrypt.gensalt(4)).decode()
    assert await password_matches(long, old)


async def test_a_full_queue_says_so_before_it_grows():
    kept = await hash_password(PASSWORD)
    asked = passwords.LONGEST_QUEUE + 5
    answers = await asyncio.gather(*(password_matches(PASSWORD, kept) for _ in range(asked)), return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, TooBusyToSignIn)]
    assert len(refused) == 5
    assert answers.count(True) == passwords.LONGEST_QUEUE


async def test_a_common_password_is_refused_beside_its_field(app):
    async with browser(app) as client:
        refused = await register(client, "anna@example.com", "password1")
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["pointer"] == "/body/password"
