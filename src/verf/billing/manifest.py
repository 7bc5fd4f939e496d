from verf.billing import jobs, models, notices, webhooks
from verf.billing.providers.paddle import PaddleSettings
from verf.billing.providers.stripe import StripeSettings
from verf.billing.providers.wata import WataSettings
from verf.billing.providers.yookassa import YooKassaSettings
from verf.billing.settings import BillingSettings
from verf.manifest import Room

room = Room(
    name="billing",
    package="verf.billing",
    models=models,
    settings=BillingSettings,
    more_settings=(StripeSettings, PaddleSettings, YooKassaSettings, WataSettings),
    routers=(webhooks.router,),
    jobs=jobs,
    schedules=jobs.SCHEDULES,
    notices=notices.NOTICES,
    problems={
        "already-subscribed": "There is a live subscription already",
        "checkout-being-opened": "This checkout is being opened at this moment",
        "webhook-refused": "This webhook is not authentic",
        "forged": "This webhook is not authentic",
        "stale": "This webhook was signed too long ago",
        "malformed": "This webhook cannot be read",
    },
)
