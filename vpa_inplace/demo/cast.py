"""The cast of the demo: some twenty workloads as people run them, asked for too much, too little, or not at all.

Written down, not measured: each has a shape that a right-sizer must get right, and ``story`` says which.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import numpy as np

from vpa_inplace.demo.actors import Actor, Role, held, idle, rhythm
from vpa_inplace.demo.lives import Nightly, Rollout, Since
from vpa_inplace.demo.shapes import DAY, HOUR, WEDNESDAY, between, bursts, day, every, gaps, since, weekend, wobble
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.pods import ContainerKind

MI: Final = 2**20
GI: Final = 2**30


def cast(end: int) -> tuple[Actor, ...]:
    """All workloads of a record that ends at ``end`` (epoch seconds), the telling ones first."""
    return (*_models(), *_shop(end), *_platform(end), *_corner_cases(end))


def _models() -> tuple[Actor, ...]:
    chat = Role(
        name="vllm",
        cpu=lambda t, rng: (
            (900 + 4300 * day(t, peak=14.5, width=3.5) * weekend(t, 0.55)) * wobble(t, rng, 0.07)
            + 5500 * bursts(t, rng, per_day=1.5, lasting=2400)
        ),
        memory=lambda t, rng: 19 * GI * wobble(t, rng, 0.004) + 1.5 * GI * day(t, peak=15, width=4),
        requests=Amounts(8000, 24 * GI),
        limits=Amounts(8000, 32 * GI),
    )
    api = Role(
        name="api",
        cpu=rhythm(150, 760, peak=15, width=3.5, weekends=0.4),
        memory=rhythm(1.5 * GI, 1.9 * GI, peak=15, width=4),
        requests=Amounts(1500, 3 * GI),
        limits=Amounts(3000, 4 * GI),
    )
    proxy = Role(
        name="proxy",
        kind=ContainerKind.SIDECAR,
        cpu=rhythm(15, 85, peak=15, width=3.5, weekends=0.4),
        memory=held(94 * MI),
        requests=Amounts(250, 256 * MI),
        limits=Amounts(None, 256 * MI),
    )
    fetch = Role(
        name="fetch-index",
        kind=ContainerKind.INIT,
        cpu=idle(0),
        memory=idle(0),
        requests=Amounts(100, 128 * MI),
    )
    worker = Role(
        name="worker",
        cpu=lambda t, rng: (
            rhythm(120, 1100, peak=11.5, width=2.5, weekends=0.2)(t, rng)
            + 900 * bursts(t, rng, per_day=5, lasting=1800)
        ),
        memory=lambda t, rng: 1.4 * GI * wobble(t, rng, 0.03) + 0.5 * GI * day(t, peak=11.5, width=3),
        requests=Amounts(800, 2 * GI),
        limits=Amounts(None, 3 * GI),
        oom_ago=timedelta(hours=19, minutes=58),
    )
    trainer = Role(
        name="trainer",
        cpu=lambda t, rng: 7100 * wobble(t, rng, 0.015),
        memory=held(50 * GI),
        requests=Amounts(8000, 56 * GI),
        limits=Amounts(None, 64 * GI),
    )
    return (
        Actor.of(
            "ml/StatefulSet/llm-chat",
            "inference server sized for its afternoon peak, with bursts that hit its CPU limit",
            chat,
            replicas=2,
            pool="gpu",
        ),
        Actor.of(
            "ml/Deployment/rag-api",
            "three kinds of container in one pod: ordinary init, native sidecar, application",
            fetch,
            proxy,
            api,
            replicas=3,
        ),
        Actor.of(
            "ml/Deployment/embedder",
            "asks for too little, and was killed for memory twenty hours ago",
            worker,
            replicas=2,
        ),
        Actor.of(
            "ml/JobSet/finetune-7b",
            "a training gang: four pods, flat and high, two and a half days old",
            trainer,
            replicas=4,
            pool="gpu",
            life=Since(timedelta(days=2, hours=12)),
        ),
    )


def _shop(end: int) -> tuple[Actor, ...]:
    web = Role(
        name="web",
        cpu=rhythm(60, 410, peak=19.5, width=3, weekends=1.15),
        memory=rhythm(310 * MI, 380 * MI, peak=20, width=4),
        requests=Amounts(1000, GI),
        limits=Amounts(None, GI),
    )
    search = Role(
        name="search",
        cpu=rhythm(90, 640, peak=14, width=3, weekends=0.15),
        memory=held(1.1 * GI),
        requests=Amounts(1200, 2 * GI),
        limits=Amounts(2000, 2 * GI),
    )
    checkout = Role(
        name="checkout",
        cpu=rhythm(70, 780, peak=12.75, width=0.9, weekends=0.8),
        memory=rhythm(260 * MI, 420 * MI, peak=13, width=1.2),
        requests=Amounts(350, 448 * MI),
        limits=Amounts(None, 640 * MI),
    )
    release = end - int(timedelta(days=2, hours=21).total_seconds())
    cart = Role(
        name="cart",
        cpu=lambda t, rng: rhythm(110, 300, peak=18, width=4)(t, rng) * (1 + 1.2 * since(t, release)),
        memory=lambda t, rng: 330 * MI * wobble(t, rng, 0.02) * (1 + 0.7 * since(t, release)),
        requests=Amounts(400, 512 * MI),
    )
    feed = Role(
        name="sync",
        cpu=lambda t, rng: (15 + 1150 * every(t, HOUR, lasting=600)) * wobble(t, rng, 0.05),
        memory=lambda t, rng: (190 * MI + 260 * MI * every(t, HOUR, lasting=900)) * wobble(t, rng, 0.01),
        requests=Amounts(500, 512 * MI),
    )
    return (
        Actor.of("shop/Deployment/web", "evening peak, asked for more than twice what it takes", web, replicas=4),
        Actor.of("shop/Deployment/search", "a working-day rhythm, nearly silent at weekends", search, replicas=2),
        Actor.of(
            "shop/Deployment/checkout",
            "a short, steep peak at lunch that its request does not cover",
            checkout,
            replicas=3,
        ),
        Actor.of(
            "shop/Deployment/cart",
            "needs twice as much since Monday's rollout; the history spans both ReplicaSets",
            cart,
            replicas=2,
            life=Rollout(timedelta(days=2, hours=21)),
        ),
        Actor.of("shop/Deployment/feed-sync", "ten busy minutes at the start of every hour, nothing in between", feed),
    )


def _platform(end: int) -> tuple[Actor, ...]:
    postgres = Role(
        name="postgres",
        cpu=rhythm(500, 1500, peak=15, width=4, weekends=0.5),
        memory=held(11.2 * GI),
        requests=Amounts(4000, 16 * GI),
        limits=Amounts(4000, 16 * GI),
    )
    broker = Role(
        name="broker",
        cpu=rhythm(260, 720, peak=16, width=5, weekends=0.7),
        memory=held(6.2 * GI),
        requests=Amounts(2000, 8 * GI),
        limits=Amounts(None, 8 * GI),
    )
    etl = Role(
        name="etl",
        cpu=lambda t, rng: 2600 * wobble(t, rng, 0.1),
        memory=lambda t, rng: (2.2 * GI + 2.4 * GI * between(t, 2.5, 3.25)) * wobble(t, rng, 0.01),
        requests=Amounts(4000, 8 * GI),
    )
    weekly = Role(
        name="report",
        cpu=lambda t, rng: (25 + 1500 * between(t, 3, 5, weekday=WEDNESDAY)) * wobble(t, rng, 0.06),
        memory=lambda t, rng: (420 * MI + 3.8 * GI * between(t, 3, 5, weekday=WEDNESDAY)) * wobble(t, rng, 0.01),
        requests=Amounts(2000, 6 * GI),
        limits=Amounts(None, 6 * GI),
    )
    leaky = Role(
        name="proxy",
        cpu=rhythm(40, 130, peak=17, width=4),
        memory=lambda t, rng: (300 * MI + 70 * MI * (9 - (end - t) / DAY)) * wobble(t, rng, 0.004),
        requests=Amounts(250, 512 * MI),
        limits=Amounts(None, 1536 * MI),
    )
    shipper = Role(
        name="shipper",
        cpu=lambda t, rng: idle(42)(t, rng) * gaps(t, end - 6 * HOUR, end - 90 * 60),
        memory=lambda t, rng: held(118 * MI)(t, rng) * gaps(t, end - 6 * HOUR, end - 90 * 60),
        requests=Amounts(200, 256 * MI),
    )
    return (
        Actor.of("data/StatefulSet/postgres", "a Guaranteed database: request and limit must move together", postgres),
        Actor.of(
            "data/StatefulSet/kafka", "a JVM whose heap is claimed at start and never given back", broker, replicas=3
        ),
        Actor.of(
            "data/CronJob/nightly-etl",
            "ninety minutes a night; at noon there is no pod to resize",
            etl,
            life=Nightly(hour=2, lasting=timedelta(minutes=90)),
        ),
        Actor.of(
            "data/Deployment/weekly-report",
            "peaks on Wednesdays only: its memory must not be taken away in between",
            weekly,
        ),
        Actor.of("platform/Deployment/image-proxy", "leaks 70 MiB a day and has outgrown its request", leaky),
        Actor.of(
            "platform/DaemonSet/log-shipper",
            "this morning's samples are missing: too many gaps for a shrink",
            shipper,
            replicas=3,
        ),
    )


def _corner_cases(end: int) -> tuple[Actor, ...]:  # noqa: ARG001 - as the other groups
    wiki = Role(name="wiki", cpu=idle(4), memory=held(212 * MI), requests=Amounts(500, GI))
    scratch = Role(name="notebook", cpu=idle(35), memory=held(640 * MI))
    preview = Role(name="preview", cpu=idle(140), memory=held(96 * MI), requests=Amounts(250, 256 * MI))
    silent = Role(
        name="agent",
        cpu=lambda t, _: np.full(len(t), np.nan),
        memory=lambda t, _: np.full(len(t), np.nan),
        requests=Amounts(100, 128 * MI),
    )
    parked = Role(
        name="app",
        cpu=lambda t, _: np.zeros(len(t)),
        memory=lambda t, _: np.zeros(len(t)),
        requests=Amounts(500, 512 * MI),
    )
    dns = Role(name="coredns", cpu=idle(12), memory=held(40 * MI), requests=Amounts(100, 70 * MI))
    return (
        Actor.of("platform/Deployment/wiki", "idle: half a core asked for, four millicores used", wiki),
        Actor.of(
            "lab/Deployment/scratch",
            "BestEffort: a resize may not give it a class, so it cannot be resized at all",
            scratch,
        ),
        Actor.of(
            "shop/Deployment/price-preview",
            "ten minutes old: nothing can be said about its peak",
            preview,
            life=Since(timedelta(minutes=10)),
        ),
        Actor.of("platform/Deployment/edge-agent", "never a single sample: unknown is not zero", silent),
        Actor.of("lab/Deployment/parked", "zero, and measured as zero", parked),
        Actor.of(
            "kube-system/Deployment/coredns",
            "in a namespace that is left out unless asked for by name",
            dns,
            replicas=2,
        ),
    )
