"""What each kind of failure says to people, and what to do next."""

from verf.web.locales import lazy as _

CODES = {
    400: "bad-request",
    401: "not-signed-in",
    402: "payment-required",
    403: "not-allowed",
    404: "not-found",
    405: "method-not-allowed",
    409: "conflict",
    413: "too-large",
    415: "unsupported-media-type",
    422: "invalid",
    429: "too-many",
    500: "internal-error",
    503: "unavailable",
}

HEADLINES = {
    400: (_("We could not read this request"), _("Go back, reload the page and try again.")),
    401: (_("Please sign in"), _("Sign in and you will come back to this page.")),
    402: (
        _("This needs a plan"),
        _("Choose a plan, or a larger one, and it opens at once. What you have stays yours."),
    ),
    403: (
        _("You may not open this"),
        _("Ask an owner of your organisation for access, or sign in with another account."),
    ),
    404: (_("There is nothing here"), _("The page was moved or deleted, or the address has a typing error.")),
    405: (_("This address works in another way"), _("Go back and use the buttons of the page.")),
    409: (_("Something changed in the meantime"), _("Reload the page to see the present state, then try again.")),
    413: (_("That is too large"), _("Send a smaller file or less text.")),
    422: (_("Some values cannot be used"), _("Go back, correct them and send the form again.")),
    429: (_("Too many attempts"), _("Wait a little, then try again.")),
    500: (
        _("Something broke on our side"),
        _("We have been told. Try again in a minute; if it happens again, send us the request id."),
    ),
    503: (_("We will be back in a moment"), _("A service we depend on is not answering. Try again in a minute.")),
}

DETAILS = {
    400: _("The request is malformed."),
    401: _("You are not signed in, or your session has ended."),
    402: _("No plan of your organisation gives this."),
    403: _("You do not have the permission for this."),
    404: _("It does not exist, or it is not yours to see."),
    405: _("This address does not take that method."),
    409: _("It was true when you clicked, it is not any more."),
    413: _("The request is larger than we take."),
    415: _("Send the body as application/json."),
    422: _("Some values cannot be used."),
    429: _("You asked too often."),
    500: _("An unexpected error happened on our side."),
    503: _("A service we depend on is not answering."),
}


def detail_of(status: int) -> str:
    return DETAILS.get(status, DETAILS[500 if status >= 500 else 400])
