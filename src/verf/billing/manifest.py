from verf.billing import banners, jobs, models, notices, webhooks
from verf.billing.admin import routers as staff_routers
from verf.billing.api import routers as api_routers
from verf.billing.pages import routers as page_routers
from verf.billing.providers.paddle import PaddleSettings
from verf.billing.providers.stripe import StripeSettings
from verf.billing.providers.wata import WataSettings, wata_token_lasts
from verf.billing.providers.yookassa import YooKassaSettings
from verf.billing.settings import BillingSettings
from verf.manifest import Banner, Check, NavigationItem, Room

room = Room(
    name="billing",
    package="verf.billing",
    models=models,
    settings=BillingSettings,
    more_settings=(StripeSettings, PaddleSettings, YooKassaSettings, WataSettings),
    routers=(webhooks.router, *api_routers, *page_routers, *staff_routers),
    jobs=jobs,
    schedules=jobs.SCHEDULES,
    notices=notices.NOTICES,
    checks=(Check(name="the token of Wata lasts", run=wata_token_lasts),),
    navigation=(
        NavigationItem(label="Billing", href="/billing", icon="credit-card"),
        NavigationItem(label="Money", href="/staff/billing/", icon="banknote", staff=True),
    ),
    banners=(Banner(template="billing/banner.html", show=banners.alarms),),
    problems={
        "already-subscribed": "There is a live subscription already",
        "price-not-offered": "This price is not offered",
        "price-unknown": "This price is not offered",
        "payment-unknown": "There is no such payment",
        "product-unknown": "There is no such product",
        "not-subscribed": "There is no subscription",
        "change-under-way": "A change of this subscription is under way",
        "already-on-plan": "This plan is the one that runs",
        "plan-change-refused": "The plan cannot be changed now",
        "nothing-to-resume": "The subscription is neither cancelled nor paused",
        "cannot-pause": "The subscription cannot be paused",
        "nothing-to-refund": "Nothing of this payment can be refunded",
        "refund-too-large": "Less is left of this payment",
        "refund-key-reused": "This key stands for another refund",
        "checkout-being-opened": "This checkout is being opened at this moment",
        "webhook-refused": "This webhook is not authentic",
        "forged": "This webhook is not authentic",
        "stale": "This webhook was signed too long ago",
        "malformed": "This webhook cannot be read",
    },
)
