GUIDE = """
The API of Paddle Billing, version 1, for one seller: API key `pdl_sdbx_apikey_sandbox`, notification secret
`pdl_ntfset_sandbox`. Paddle is merchant of record: taxes, fees and disputes are its own.

# What it does
- `products`, `prices`, `discounts`, `customers`, their `addresses` and `portal-sessions`: make, list, change.
- `transactions`: opened by the seller, paid at `checkout.url`; taxes inside or on top, by the price and the country.
  A draft becomes ready with an address, and only what is ready can be canceled.
- `subscriptions` begin with a paid transaction and renew by the sandbox clock. Items change, previewed or not, in all
  billing modes; cancel, pause, resume, next billing date; nothing can be changed 30 minutes before a renewal.
- `update-payment-method-transaction`: what is owed, or a transaction of nothing, whose page takes another card.
- `adjustments`: a refund asked for waits ten minutes for approval; one made in the cabinet is approved at once.
- `events` of 90 days, and notifications signed with `Paddle-Signature`: 60 attempts in three days, 5 s for an answer.
- What is not paid is tried again after 2, 5, 9, 14, 20 and 27 days and canceled after 30; hard declines are not tried.

# What a decline says
- insufficient funds: `not_enough_balance`; expired: `expired_card`; stolen: `declined_not_retryable`; 3-D Secure:
  `authentication_failed`.

# Disputes
- A dispute begins as `chargeback_warning`; lost it becomes a `chargeback`, won it is taken back by
  `chargeback_warning_reverse`. A chargeback can still be won: `chargeback_reverse`.

# Knobs of its own
- `dunning_pauses`: what is not paid for a month is paused, not canceled. `refuse_refunds`: none is approved.
- The common knobs are explained in docs/guides/payment-simulators.md.

# Other than the real one
- Automatic collection only: no invoices, businesses, reports, simulations or notification settings. One kind of tax.
- The limit of 240 requests a minute is a knob (`too_many`). Fee: 5 % and 50 minor units, currency by currency.
- Another interval without billing moves the next payment, and so it may at the real one: its documentation is silent.
"""
