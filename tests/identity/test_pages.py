from front_door import OTHER_PASSWORD, PASSWORD, browser, newest_token, register

HTML = {"Accept": "text/html"}
FORM = {"email": "anna@example.com", "password": PASSWORD, "name": "Anna"}


async def signed_up(app, client):
    answer = await client.post("/sign-up", data=FORM, headers=HTML)
    assert answer.status_code == 200
    assert "anna@example.com" in answer.text
    return await newest_token("anna@example.com", "verify")


async def test_signing_up_confirming_and_being_signed_in(app):
    async with browser(app) as client:
        token = await signed_up(app, client)
        shown = await client.get("/verify", params={"token": token}, headers=HTML)
        assert shown.status_code == 200
        again = await client.get("/verify", params={"token": token}, headers=HTML)
        assert again.status_code == 200, "opening the link consumes nothing"
        confirmed = await client.post("/verify", data={"token": token}, headers=HTML)
        assert (confirmed.status_code, confirmed.headers["location"]) == (303, "/")
        assert (await client.get("/page", headers=HTML)).text == '"anna@example.com"'


async def test_a_link_opened_elsewhere_confirms_but_does_not_sign_in(app):
    async with browser(app) as client:
        token = await signed_up(app, client)
    async with browser(app) as scanner:
        confirmed = await scanner.post("/verify", data={"token": token}, headers=HTML)
        assert confirmed.headers["location"] == "/sign-in"
        assert (await scanner.get("/page", headers=HTML)).status_code == 303


async def test_a_used_link_says_so(app):
    async with browser(app) as client:
        token = await signed_up(app, client)
        await client.post("/verify", data={"token": token}, headers=HTML)
    async with browser(app) as client:
        used = await client.post("/verify", data={"token": token}, headers=HTML)
        assert used.status_code == 409
        assert "used already" in used.text
        broken = await client.get("/verify", params={"token": token[:-5]}, headers=HTML)
        assert broken.status_code == 422


async def test_signing_in_returns_to_where_one_was_going_and_nowhere_else(app):
    async with browser(app) as client:
        await signed_up(app, client)
        form = {"email": "anna@example.com", "password": PASSWORD}
        answer = await client.post("/sign-in", data={**form, "next": "/page?tab=2"}, headers=HTML)
        assert (answer.status_code, answer.headers["location"]) == (303, "/page?tab=2")
        for elsewhere in ("https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example"):
            client.cookies.clear()
            answer = await client.get("/sign-in", params={"next": elsewhere}, headers=HTML)
            assert 'name="next"' not in answer.text


async def test_a_wrong_password_is_told_without_losing_the_address(app):
    async with browser(app) as client:
        await signed_up(app, client)
        known = await client.post("/sign-in", data={"email": "anna@example.com", "password": "wrong one"}, headers=HTML)
        unknown = await client.post(
            "/sign-in", data={"email": "nobody@example.com", "password": "wrong one"}, headers=HTML
        )
        assert known.status_code == unknown.status_code == 401
        assert "anna@example.com" in known.text
        assert "is wrong" in unknown.text


async def test_cookies_are_out_of_reach_of_scripts_and_signing_out_drops_them(app):
    async with browser(app) as client:
        await signed_up(app, client)
        answer = await client.post("/sign-in", data={"email": "anna@example.com", "password": PASSWORD}, headers=HTML)
        for line in answer.headers.get_list("set-cookie"):
            assert "HttpOnly" in line
            assert "SameSite=lax" in line
        assert (await client.get("/page", headers=HTML)).status_code == 200
        kept = dict(client.cookies)
        await client.post("/sign-out", headers=HTML)
        assert "access" not in client.cookies
        client.cookies.set("access", kept["access"])
        assert (await client.get("/page", headers=HTML)).status_code == 303


async def test_a_password_is_replaced_by_mail_and_everyone_is_signed_out(app):
    async with browser(app) as client:
        await register(client, "anna@example.com")
        await client.post("/sign-in", data={"email": "anna@example.com", "password": PASSWORD}, headers=HTML)
        assert (await client.get("/account", headers=HTML)).status_code == 200


async def test_ones_account_can_be_changed(app):
    async with browser(app) as client:
        await signed_up(app, client)
        await client.post("/sign-in", data={"email": "anna@example.com", "password": PASSWORD}, headers=HTML)
        page = await client.get("/account", headers=HTML)
        assert "Confirm your e-mail address" in page.text
        saved = await client.post("/account", data={"name": "Анна", "language": "ru"}, headers=HTML)
        assert saved.status_code == 303
        assert "Анна" in (await client.get("/account", headers=HTML)).text
        wrong = await client.post(
            "/account/password", data={"current_password": "no", "password": OTHER_PASSWORD}, headers=HTML
        )
        assert wrong.status_code == 422
        changed = await client.post(
            "/account/password", data={"current_password": PASSWORD, "password": OTHER_PASSWORD}, headers=HTML
        )
        assert changed.status_code == 303
        sessions = await client.get("/account/sessions", headers=HTML)
        assert sessions.status_code == 200
        organisation = await client.get("/organisation", headers=HTML)
        assert organisation.status_code == 200
        assert "Anna" in organisation.text
