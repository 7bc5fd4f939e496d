GUIDE = """
The payment API of YooKassa (`/v3`) for one test shop: shop id `100500`, secret key `test_sandbox`, roubles only.

# What it does
- `POST /v3/payments`: redirect confirmation, one or two stages (`capture`), `save_payment_method`, charges by
  `payment_method_id`, receipts (a fresh shop needs none: `POST settings`); `GET` one, list (`created_at.gte` …,
  `status`, `limit`, `cursor`), capture, cancel.
- `POST /v3/refunds`: in parts, never more than was paid; `GET` one, list.
- `POST /v3/payment_methods`: a card without a payment. `GET /v3/receipts`, `GET /v3/me`.
- `Idempotence-Key` is required for every POST; the same key with another body is refused for 24 hours, with the same
  body it gets the first answer again.
- A payment that nobody confirms is cancelled after an hour (`expired_on_confirmation`), a hold after seven days.
- Notifications `payment.waiting_for_capture`, `payment.succeeded`, `payment.canceled`, `refund.succeeded` and
  `payment_method.active` (for cards kept without a payment) carry no signature. Anything but 200 brings them again, for
  24 hours. A refund that is cancelled has no event, as at the real service.

# What a decline says
- insufficient funds: `insufficient_funds`; expired: `card_expired`; stolen: `payment_method_restricted`; 3-D Secure:
  `3d_secure_failed`; a revoked method: `permission_revoked`.

# Knobs of its own
- `processing`: POST is accepted, and answered 202 "processing"; repeat with the same key.
- `slow_charge`: a charge by a saved method stays `pending` for `seconds` of the sandbox clock.
- `slow_refund`: a refund stays `pending` for so long. `refund_canceled`: it ends `canceled`.
- The common knobs are explained in docs/guides/payment-simulators.md.

# Other than the real one
- Fields it does not know are refused; amounts need two decimals; a declined payment is final, without a second try.
- No payouts, deals, transfers, embedded widgets or invoices. Fee: 3.5 %.
"""
