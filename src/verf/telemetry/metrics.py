"""Metrics in a registry of our own, named verf_<room>_<what>, with labels from small closed sets."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.metrics import MetricWrapperBase

SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5, 10, 30)

LONGEST_REFRESH = 2.0

# A second series per series, which no graph of ours reads.
disable_created_metrics()  # type: ignore[no-untyped-call]
REGISTRY = CollectorRegistry(auto_describe=True)
Metric = TypeVar("Metric", bound=MetricWrapperBase)

_metrics: dict[str, MetricWrapperBase] = {}
_before_scrape: list[Callable[[], Awaitable[None]]] = []


def counter(name: str, help_text: str, labels: Sequence[str] = ()) -> Counter:
    return _once(name, Counter, lambda: Counter(name, help_text, labels, registry=REGISTRY))


def gauge(name: str, help_text: str, labels: Sequence[str] = ()) -> Gauge:
    return _once(name, Gauge, lambda: Gauge(name, help_text, labels, registry=REGISTRY))


def histogram(
    name: str, help_text: str, labels: Sequence[str] = (), *, buckets: Sequence[float] = SECONDS
) -> Histogram:
    return _once(name, Histogram, lambda: Histogram(name, help_text, labels, registry=REGISTRY, buckets=buckets))


def on_scrape(refresh: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    """Decorates a coroutine function that sets gauges just before they are read: queue lengths, pool sizes."""
    _before_scrape.append(refresh)
    return refresh


async def exposition() -> bytes:
    """Every metric of this process in the Prometheus text format. What cannot be refreshed keeps its old value."""
    await asyncio.gather(*(_refresh(each) for each in _before_scrape))
    return generate_latest(REGISTRY)


async def _refresh(hook: Callable[[], Awaitable[None]]) -> None:
    try:
        async with asyncio.timeout(LONGEST_REFRESH):
            await hook()
    except Exception as error:  # noqa: BLE001 - one broken gauge must not blind the operator to all others
        _failed_refreshes.labels(type(error).__name__).inc()


def _once(name: str, kind: type[Metric], create: Callable[[], Metric]) -> Metric:
    known = _metrics.get(name)
    if known is None:
        known = _metrics[name] = create()
    if not isinstance(known, kind):
        raise TypeError(f"The metric {name} is already a {type(known).__name__}.")
    return known


_failed_refreshes = counter("verf_metrics_failed_refreshes_total", "Gauges that could not be refreshed.", ["error"])
