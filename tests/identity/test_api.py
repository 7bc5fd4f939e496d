from front_door import PASSWORD, bearer, browser, login, newest_token, refresh, register, verified


async def test_the_whole_way_of_a_bearer_client(app):
    async with browser(app) as client:
        answer = await register(client, "Anna@Example.com", name="Anna")
        assert answer.status_code == 201
        assert answer.json() == {"status": "verification-sent", "email": "anna@example.com"}
        tokens = await login(client, "anna@example.COM")
        assert tokens["token_type"] == "bearer"
        assert tokens["expires_in"] == 900
        me = (await client.get("/api/v1/auth/me", headers=bearer(tokens))).json()
        assert (me["email"], me["name"], me["verified"]) == ("anna@example.com", "Anna", False)
        assert me["organisation"]["role"] == "owner"
        again = (await refresh(client, tokens["refresh_token"])).json()
        assert again["refresh_token"] != tokens["refresh_token"]
        assert (await client.get("/api/v1/auth/me", headers=bearer(again))).status_code == 200


async def test_until_the_address_is_confirmed_one_can_only_read(app):
    async with browser(app) as client:
        await register(client, "anna@example.com")
        tokens = await login(client, "anna@example.com")
        assert (await client.get("/api/v1/thing", headers=bearer(tokens))).status_code == 200
        refused = await client.post("/api/v1/thing", headers=bearer(tokens))
        assert refused.status_code == 403
        assert refused.json()["code"] == "email-not-verified"
        token = await newest_token("anna@example.com", "verify")
        assert (await client.post("/api/v1/auth/verify-email", json={"token": token})).status_code == 200
        assert (await client.post("/api/v1/thing", headers=bearer(tokens))).status_code == 200


async def test_strangers_are_asked_to_sign_in(app):
    async with browser(app) as client:
        refused = await client.get("/api/v1/thing")
        assert (refused.status_code, refused.json()["code"]) == (401, "not-signed-in")
        page = await client.get("/page?tab=2", headers={"Accept": "text/html"})
        assert (page.status_code, page.headers["location"]) == (303, "/sign-in?next=%2Fpage%3Ftab%3D2")


async def test_logout_ends_access_and_refresh_at_once(app):
    async with browser(app) as client:
        await verified(client, "anna@example.com")
        tokens = await login(client, "anna@example.com")
        other = await login(client, "anna@example.com")
        assert (await client.post("/api/v1/auth/logout", headers=bearer(tokens))).status_code == 204
        assert (await client.get("/api/v1/auth/me", headers=bearer(tokens))).status_code == 401
        assert (await refresh(client, tokens["refresh_token"])).status_code == 401
        assert (await client.get("/api/v1/auth/me", headers=bearer(other))).status_code == 200
        assert (
            await client.post("/api/v1/auth/logout", json={"refresh_token": other["refresh_token"]})
        ).status_code == 204
        assert (await client.get("/api/v1/auth/me", headers=bearer(other))).status_code == 401


async def test_logging_out_everywhere_ends_all_sessions(app):
    async with browser(app) as client:
        await verified(client, "anna@example.com")
        here, there = await login(client, "anna@example.com"), await login(client, "anna@example.com")
        await client.post("/api/v1/auth/logout-everywhere", headers=bearer(here))
        for tokens in (here, there):
            assert (await client.get("/api/v1/auth/me", headers=bearer(tokens))).status_code == 401


async def test_one_can_see_and_end_ones_sessions_and_nobody_elses(app):
    async with browser(app, **{"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/144.0"}) as client:
        await verified(client, "anna@example.com")
        await verified(client, "boris@example.com")
        here, there = await login(client, "anna@example.com"), await login(client, "anna@example.com")
        boris = await login(client, "boris@example.com")
        listed = (await client.get("/api/v1/auth/sessions", headers=bearer(here))).json()
        assert len(listed) == 2
        assert {each["device"] for each in listed} == {"Firefox, Linux"}
        assert {each["ip"] for each in listed} == {"203.0.113.7"}
        other = next(each["id"] for each in listed if not each["current"])
        foreign = await client.delete(f"/api/v1/auth/sessions/{other}", headers=bearer(boris))
        assert foreign.status_code == 404
        assert (await client.delete(f"/api/v1/auth/sessions/{other}", headers=bearer(here))).status_code == 204
        assert (await client.get("/api/v1/auth/me", headers=bearer(there))).status_code == 401


async def test_credentials_are_limited_by_account_and_by_address(app):
    async with browser(app) as client:
        await register(client, "anna@example.com")
    async with browser(app, "198.51.100.1") as client:
        wrong = {"email": "anna@example.com", "password": "not this one at all"}
        statuses = [(await client.post("/api/v1/auth/login", json=wrong)).status_code for _ in range(6)]
        assert statuses == [401] * 5 + [429]
    async with browser(app, "198.51.100.2") as client:
        by_account = await client.post("/api/v1/auth/login", json={"email": "anna@example.com", "password": PASSWORD})
        assert by_account.status_code == 429
        assert by_account.headers["retry-after"]
        assert "ratelimit" in by_account.headers


async def test_forged_and_foreign_access_tokens_are_strangers(app):
    async with browser(app) as client:
        for token in ("", "x", "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.", "a.b.c"):
            answer = await client.get("/api/v1/auth/me", headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == 401
