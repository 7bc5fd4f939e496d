GUIDE = """
The API of Stripe (`/v1`, version `2026-10-28.endive`) for one test account: secret key `sk_test_sandbox`, account
`acct_sandbox`, webhooks signed with `whsec_sandbox`.

# What it does
- products, prices (lookup keys), coupons, promotion codes, customers, payment methods, checkout sessions with a hosted
  page, subscriptions, schedules of a subscription, invoices with prorations by the second, `create_preview`, invoice
  payments, payment intents, charges, refunds, disputes, the customer portal (another card, an end), meters and their
  events, events of 30 days. Bodies with brackets, `expand`, pages by cursor.
- `Idempotency-Key`: the same key gets the same answer for a day; with other parameters 400 `idempotency_error`. What
  was refused may be tried again with the same key.
- Parameters it does not know are refused (`parameter_unknown`).

# Its calendar
- The period moves first: at its end comes a draft invoice, an hour later it is final and charged.
- A renewal that fails is tried again after 3, 5 and 6 more days, a hard decline only with another card; then the
  subscription is cancelled (with the knob `unpaid`: unpaid).
- `billing_cycle_anchor` now: the period ends here, and the next one is billed and charged at once, without prorations.
- Trials tell three days before they end. An incomplete subscription expires after 23 hours, and so does a change of
  plan whose difference nobody paid. A page expires after a day, or when it was told to.
- Webhooks that are not answered with 2xx come again for three days.

# Other than the real one
- One item of a subscription can be changed at a time; items of one subscription share one period.
- Metered usage is counted, not invoiced. No tax, no slow methods of payment, no Connect. A decline at the checkout page
  leaves no trace but the page.
- Fee: 2.9 % and 30 of the smallest unit.
- The common knobs are explained in docs/guides/payment-simulators.md.
"""
