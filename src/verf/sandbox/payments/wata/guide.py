GUIDE = """
The H2H API of Wata (`/api/h2h`) for one terminal, `3a16a4dd-8c83-fa4d-897a-3b334ed0ebed`. The access token is
`sandbox`, or anything that looks like a JWT whose `exp` has not passed.

# What it does
- `POST /links`: amounts are JSON numbers from 10 RUB, 1 USD or 1 EUR; `OneTime` or `ManyTime`; an end more than ten
  minutes and at most thirty days away, three days by itself. `GET` one, search. A link that has run out is gone: 404.
- `GET /transactions/` (numbered pages), `GET /v2/transactions` (cursor), `GET /transactions/ID`.
- `POST /transactions/refunds`: answered `Pending`, done a moment later.
- `GET /public-key`, without a token.
- One look at one object (a link, a transaction, one order's links or transactions) in 30 seconds; otherwise 429 with
  `Retry-After`. There is no idempotency key: the same request twice makes two things.
- Each attempt to pay is a transaction. First the webhook with status `Created` asks the shop; without 200 within ten
  seconds the attempt is `Declined`. Then `Paid` or `Declined` is told, and refunds as `kind` `Refund`, again and again
  for up to 32 hours until 200. `X-Signature` is RSA-SHA512 over the raw body.

# What a decline says
- insufficient funds: `Payment:TRA_2002`; stolen: `Payment:TRA_2004`; expired: `Payment:TRA_2018`; a failed 3-D Secure
  and a shop that did not say 200 have no code.

# Knobs of its own
- `slow_bank`: an attempt stays `Pending` for `seconds` of the sandbox clock.
- `slow_refund`: a refund stays `Pending` for so long. `refund_declined`: it ends `Declined`.
- `POST key/rotate` changes the signing key.
- `checkouts/ID/…` takes the id of a link, or the id of an order for its newest link.
- The common knobs are explained in docs/guides/payment-simulators.md.

# Other than the real one
- Fields it does not know are refused. Cards only; no subscriptions, arbitrary amounts, balance or digital goods.
  Commission: 5 %.
"""
