import pytest
from sqlalchemy import text

from verf.database import transaction
from verf.organisations import memberships_of, owners_of, people_of

ROLES = ["viewer", "member", "admin", "owner"]


async def join(anna, boris, role="member"):
    async with transaction(organisation=anna.organisation) as session:
        await session.execute(
            text(
                "INSERT INTO organisations.members (id, organisation_id, person_id, role, joined_at)"
                " VALUES (gen_random_uuid(), :organisation, :person, :role, now())"
            ),
            {"organisation": anna.organisation, "person": boris.person, "role": role},
        )
    await boris.post(f"/api/v1/organisations/{anna.organisation}/choose")


async def test_signing_up_makes_an_organisation_one_owns(anna):
    async with transaction() as session:
        assert [str(owner) for owner in await owners_of(session, anna.organisation)] == [anna.person]
        (membership,) = await memberships_of(session, anna.person)
    assert (membership.name, membership.role) == ("anna", "owner")


async def test_one_works_in_the_organisation_one_chose(anna, boris):
    await join(anna, boris)
    me = (await boris.get("/api/v1/auth/me")).json()
    assert (me["organisation"]["id"], me["organisation"]["role"]) == (anna.organisation, "member")
    mine = (await boris.get("/api/v1/organisations")).json()
    assert {each["id"] for each in mine} == {anna.organisation, boris.organisation}
    assert (await boris.post(f"/api/v1/organisations/{boris.organisation}/choose")).status_code == 204
    assert (await boris.get("/api/v1/organisation")).json()["id"] == boris.organisation


async def test_a_foreign_organisation_is_not_there(anna, boris):
    assert (await boris.post(f"/api/v1/organisations/{anna.organisation}/choose")).status_code == 404
    assert (await boris.get("/api/v1/organisation")).json()["id"] == boris.organisation
    assert (await boris.delete(f"/api/v1/organisation/members/{anna.person}")).status_code == 404


@pytest.mark.parametrize("role", ["viewer", "member"])
async def test_what_a_role_may_not_do_is_refused_by_name(anna, boris, role):
    await join(anna, boris, role)
    refused = await boris.patch("/api/v1/organisation", json={"name": "Mine"})
    assert (refused.status_code, refused.json()["permission"]) == (403, "organisation:admin")
    refused = await boris.delete(f"/api/v1/organisation/members/{anna.person}")
    assert (refused.status_code, refused.json()["permission"]) == (403, "organisation:admin")


async def test_administrators_change_names_but_not_owners(anna, boris):
    await join(anna, boris, "admin")
    assert (await boris.patch("/api/v1/organisation", json={"name": "  Two   words "})).status_code == 204
    assert (await boris.get("/api/v1/organisation")).json()["name"] == "Two words"
    for refused in (
        await boris.delete(f"/api/v1/organisation/members/{anna.person}"),
        await boris.patch(f"/api/v1/organisation/members/{anna.person}", json={"role": "viewer"}),
        await boris.patch(f"/api/v1/organisation/members/{boris.person}", json={"role": "owner"}),
    ):
        assert (refused.status_code, refused.json()["permission"]) == (403, "organisation:owner")


async def test_the_last_owner_can_neither_leave_nor_step_down(anna, boris):
    await join(anna, boris)
    for refused in (
        await anna.delete(f"/api/v1/organisation/members/{anna.person}"),
        await anna.patch(f"/api/v1/organisation/members/{anna.person}", json={"role": "admin"}),
    ):
        assert (refused.status_code, refused.json()["code"]) == (409, "last-owner")
    await anna.patch(f"/api/v1/organisation/members/{boris.person}", json={"role": "owner"})
    assert (await anna.delete(f"/api/v1/organisation/members/{anna.person}")).status_code == 204
    async with transaction() as session:
        assert [str(person) for person in await people_of(session, anna.organisation)] == [boris.person]


async def test_who_was_removed_is_out_at_once(anna, boris):
    await join(anna, boris)
    assert (await anna.delete(f"/api/v1/organisation/members/{boris.person}")).status_code == 204
    assert (await boris.get("/api/v1/organisation")).json()["id"] == boris.organisation


async def test_within_a_scope_other_organisations_do_not_exist(anna, boris):
    """Asked as the app's role, with every filter forgotten."""
    async with transaction(organisation=anna.organisation) as session:
        for table, column in (("organisations", "id"), ("members", "organisation_id")):
            found = await session.scalars(text(f"SELECT {column} FROM organisations.{table}"))
            assert [str(each) for each in found] == [anna.organisation]
        changed = await session.execute(text("UPDATE organisations.organisations SET name = 'x'"))
        assert changed.rowcount == 1
    async with transaction() as session:
        names = await session.scalars(text("SELECT name FROM organisations.organisations ORDER BY name"))
        assert names.all() == ["boris", "x"]


async def test_nobody_is_smuggled_into_another_organisation(anna, boris):
    with pytest.raises(Exception, match="row-level security"):
        async with transaction(organisation=boris.organisation) as session:
            await session.execute(
                text(
                    "INSERT INTO organisations.members (id, organisation_id, person_id, role, joined_at)"
                    " VALUES (gen_random_uuid(), :organisation, :person, 'owner', now())"
                ),
                {"organisation": anna.organisation, "person": boris.person},
            )
