from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from verf.database import transaction
from verf.kit import advance, set_offset
from verf.organisations.invitations import InvitationOver, sign, unsign
from verf.organisations.invitations import accept as take

HTML = {"Accept": "text/html"}


@pytest.fixture(autouse=True)
def clock():
    yield
    set_offset(timedelta())


async def invite(anna, email="Boris@Example.com", role="member"):
    answer = await anna.post("/organisation/invitations", data={"email": email, "role": role}, headers=HTML)
    assert answer.status_code == 303, answer.text
    async with transaction(organisation=anna.organisation) as session:
        newest = await session.scalar(text("SELECT id FROM organisations.invitations ORDER BY id DESC LIMIT 1"))
    return sign(UUID(anna.organisation), newest)


async def accept(client, token):
    return await client.post("/invitation", data={"token": token}, headers=HTML)


async def test_an_invitation_is_shown_then_accepted_once(anna, boris):
    token = await invite(anna)
    shown = await anna.get("/organisation", headers=HTML)
    assert token in shown.text
    for _ in range(2):
        assert (await boris.get("/invitation", params={"token": token}, headers=HTML)).status_code == 200
    assert (await accept(boris, token)).status_code == 303
    me = (await boris.get("/api/v1/auth/me")).json()
    assert (me["organisation"]["id"], me["organisation"]["role"]) == (anna.organisation, "member")
    assert (await accept(boris, token)).status_code == 409


async def test_an_invitation_grows_old(anna, boris):
    organisation, invitation = unsign(await invite(anna))
    advance(timedelta(days=8))
    with pytest.raises(InvitationOver):
        async with transaction(organisation=organisation) as session:
            await take(session, invitation, UUID(boris.person))


async def test_an_invitation_is_withdrawn(anna, boris):
    token = await invite(anna)
    await anna.post(f"/organisation/invitations/{unsign(token)[1]}/withdraw", headers=HTML)
    assert (await accept(boris, token)).status_code == 409


async def test_changed_and_cut_links_are_refused(anna, boris):
    token = await invite(anna)
    for wrong in ("", token[:-3], "B" + token[1:], token + "AA"):
        answer = await boris.get("/invitation", params={"token": wrong}, headers=HTML)
        assert answer.status_code == 422


async def test_members_cannot_invite_and_administrators_invite_no_owners(anna, boris):
    await accept(boris, await invite(anna, role="member"))
    refused = await boris.post("/organisation/invitations", data={"email": "c@example.com"}, headers=HTML)
    assert refused.status_code == 403
    await anna.patch(f"/api/v1/organisation/members/{boris.person}", json={"role": "admin"})
    refused = await boris.post(
        "/organisation/invitations", data={"email": "c@example.com", "role": "owner"}, headers=HTML
    )
    assert refused.status_code == 403
