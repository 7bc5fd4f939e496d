from typing import Any

import pytest
from fastapi import FastAPI, Request
from pydantic import BaseModel, Field, SecretStr, field_validator
from starlette.responses import JSONResponse, Response

from verf.errors import Invalid
from verf.web import blank, form, speak


class Alert(BaseModel):
    name: str = Field(min_length=3, max_length=20)
    below: int = Field(default=10, ge=0)
    secret: SecretStr | None = None
    channels: list[str] = []

    @field_validator("name")
    @classmethod
    def is_honest(cls, name: str) -> str:
        if name == "spam":
            raise ValueError("Choose an honest name.")
        return name


@pytest.fixture
def app(app: FastAPI) -> FastAPI:
    @app.post("/alerts")
    async def alerts(request: Request) -> Response:
        sent = await form(request, Alert)
        told: dict[str, Any] = {"ok": sent.ok, "values": sent.values, "errors": sent.errors}
        return JSONResponse({**told, "data": sent.data.model_dump(mode="json") if sent.ok else None})

    return app


async def test_a_good_form_becomes_data(client):
    told = (await client.post("/alerts", data={"name": " Tea ", "below": "5", "channels": ["mail", "telegram"]})).json()
    assert told["ok"]
    assert told["data"] == {"name": "Tea", "below": 5, "secret": None, "channels": ["mail", "telegram"]}


async def test_what_was_typed_stays_and_errors_stand_beside_it(client):
    told = (await client.post("/alerts", data={"name": "ab", "below": "many"})).json()
    assert told["values"] == {"name": "ab", "below": "many"}
    assert told["errors"] == {"name": "Use at least 3 characters.", "below": "Enter a whole number."}


async def test_secrets_never_come_back(client):
    told = (await client.post("/alerts", data={"name": "", "secret": "s3cret", "password": "p4ss"})).json()
    assert told["values"] == {"name": ""}
    assert told["errors"]["name"] == "Fill this in."


async def test_an_empty_optional_field_means_its_default(client):
    assert (await client.post("/alerts", data={"name": "Tea", "below": ""})).json()["data"]["below"] == 10


async def test_a_missing_field_is_asked_for(client):
    assert (await client.post("/alerts", data={})).json()["errors"] == {"name": "Fill this in."}


async def test_the_words_of_a_validator_reach_the_person(client):
    assert (await client.post("/alerts", data={"name": "spam"})).json()["errors"] == {"name": "Choose an honest name."}


def test_rules_of_the_business_add_their_refusals():
    sent = blank({"name": "Tea"})
    sent.refuse(Invalid("No.", fields={"name": "This name is taken."}))
    sent.refuse(Invalid("The plan is full."))
    sent.refuse("Too low.", "below")
    assert sent.errors == {"name": "This name is taken.", "": "The plan is full.", "below": "Too low."}
    assert not sent.ok
    assert sent.errors["other"] == ""


def test_a_form_that_failed_has_no_data():
    with pytest.raises(Invalid):
        _ = blank().data
    speak("en")
