"""What our page for Paddle's checkout needs: Paddle hosts none for the web, its script opens one over ours."""

from dataclasses import dataclass

from verf.billing.providers.paddle.settings import connection

SCRIPT = "https://cdn.paddle.com/paddle/v2/paddle.js"


@dataclass(frozen=True, kw_only=True)
class PaymentPage:
    """`elsewhere` is the simulator's own page, in a sandbox without keys; then the rest is empty."""

    elsewhere: str = ""
    token: str = ""
    environment: str = ""
    frame: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """The policy of the house, opened for Paddle's script, styles and frame alone; for this one page."""
        cdn = "https://cdn.paddle.com"
        policy = (
            f"default-src 'self'; script-src 'self' {cdn}; style-src 'self' {cdn}; style-src-attr 'unsafe-inline'; "
            f"img-src 'self' data: {cdn}; font-src 'self'; connect-src 'self'; frame-src {self.frame}; "
            "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        )
        return {
            "Content-Security-Policy": policy,
            # Wallets in the frame, and the windows in which banks and PayPal ask.
            "Permissions-Policy": f'camera=(), geolocation=(), microphone=(), payment=(self "{self.frame}"), usb=()',
            "Cross-Origin-Opener-Policy": "same-origin-allow-popups",
        }


def payment_page() -> PaymentPage | None:
    """None: Paddle is not set up, or not for a page of ours (no client token)."""
    known = connection()
    if known is None:
        return None
    if known.is_simulated:
        return PaymentPage(elsewhere=known.checkout_url)
    if not known.client_token:
        return None
    frame = "https://buy.paddle.com" if known.is_live else "https://sandbox-buy.paddle.com"
    environment = "production" if known.is_live else "sandbox"
    return PaymentPage(token=known.client_token, environment=environment, frame=frame)
