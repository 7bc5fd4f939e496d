from typing import Annotated, Literal

from fastapi import APIRouter, Query

from verf.billing.api.answers import PlanAnswer, PlanList
from verf.billing.price_list import price_list, product_named
from verf.web import problem_responses

router = APIRouter(prefix="/api/v1/billing", tags=["billing"], responses=problem_responses(404, 429))
PRODUCT = "The product meant; needed only where several are sold."


@router.get("/plans", summary="What is sold, for everybody")
async def list_plans(
    product: Annotated[str, Query(max_length=60, description=PRODUCT)] = "",
    currency: Annotated[str, Query(max_length=3, description="Only prices in this currency.", examples=["USD"])] = "",
    interval: Annotated[
        Literal["", "day", "week", "month", "year", "once"], Query(description="Only prices for this time.")
    ] = "",
) -> PlanList:
    prices = await price_list(product_named(product))
    shown = {
        plan.plan: [
            price
            for price in plan.prices
            if currency.upper() in ("", price.money.currency) and interval in ("", price.interval)
        ]
        for plan in prices.plans
    }
    return PlanList(
        product=prices.product,
        title=prices.title,
        currencies=prices.currencies,
        trial_plan=prices.trial_plan,
        items=[PlanAnswer.of(plan, prices, shown[plan.plan]) for plan in prices.plans if shown[plan.plan]],
    )
