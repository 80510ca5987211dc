"""One resize sent: the pod read again, judged again, tried dry where its like was never tried, then patched.

Between a decision and its patch a pod can change, go, or be replaced by another of its name. Whatever happens, one of
these is true afterwards: the server has taken exactly what was asked for, or nothing was done, or it is not known which
and the ledger says that something may be under way.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol
from urllib.parse import quote

import msgspec

from vpa_inplace.act.answers import Answer, Outcome, read
from vpa_inplace.act.patch import CONTENT_TYPE, patch_of
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.errors import QuantityError, SourceUnavailable
from vpa_inplace.domain.moves import Change, Move, Refusal
from vpa_inplace.domain.pods import Container, Pod
from vpa_inplace.domain.quantity import format_amount
from vpa_inplace.domain.resource import Resource
from vpa_inplace.observe.kubernetes.client import HttpAnswer
from vpa_inplace.observe.kubernetes.facts import pod_of
from vpa_inplace.observe.kubernetes.pods import Pod as WirePod

MANAGER: Final = "vpa-inplace"  # in the managedFields of what we patched
PAUSES: Final = (0.05, 0.1, 0.2, 0.4)
"""Seconds between tries while somebody writes to the pod: after a resize its kubelet does so several times in 0.1 s."""
SHAPES: Final = 10_000  # remembered as tried; a fleet has fewer workloads times shapes

Judge = Callable[[Move], tuple[Refusal, ...]]


class Writer(Protocol):
    """The part of KubeClient that is needed; tests put other servers behind it."""

    def answer(
        self, method: str, path: str, query: dict[str, str | int] | None, body: object, content_type: str
    ) -> HttpAnswer: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What became of one move."""

    move: Move
    answer: Answer
    generation: int | None = None  # of the pod's spec, where the server has taken it


class Resizer:
    """Sends moves. ``fence`` is asked before every write: False means that another replica may be acting."""

    def __init__(self, writer: Writer, fence: Callable[[], bool], *, dry_run: bool = False) -> None:
        self._writer, self._fence, self._dry_run = writer, fence, dry_run
        self._tried: set[tuple[object, ...]] = set()

    def send(self, move: Move, judge: Judge) -> Sent:
        """Send one move, or say why not; never raises for what a server or a network may do.

        Args:
            move: as decided.
            judge: the guards, over what they knew when it was decided.
        """
        try:
            for pause in PAUSES:
                sent = self._send(move, judge)
                if sent.answer.outcome is not Outcome.CONFLICT:
                    return sent
                time.sleep(pause)
            return self._send(move, judge)
        except SourceUnavailable as error:  # no answer; a patch may have been taken
            return Sent(move=move, answer=Answer(outcome=Outcome.UNKNOWN, message=str(error)))

    def _send(self, move: Move, judge: Judge) -> Sent:
        path = _path(move.pod)
        seen = self._writer.answer("GET", path, None, None, "application/json")
        if seen.status != 200:
            return Sent(move=move, answer=_answer(seen))
        try:
            fresh = pod_of(msgspec.json.decode(seen.body, type=WirePod), move.pod.workload)
        except (msgspec.DecodeError, QuantityError) as error:
            return _not_sent(move, Outcome.UNKNOWN, f"pod {move.pod} cannot be read: {error}")
        move, trouble = _again(move, fresh, judge)
        if trouble is not None:
            return Sent(move=move, answer=trouble)
        body = patch_of(fresh, move.changes)
        if (shape := _shape(move)) not in self._tried or self._dry_run:
            tried = self._patch(path, body, dry=True)
            answer = _answer(tried) if tried.status >= 300 else _as_asked(fresh, move.changes, tried.body)
            if not answer.taken or self._dry_run:
                return Sent(move=move, answer=answer)
            if len(self._tried) >= SHAPES:
                self._tried.clear()
            self._tried.add(shape)
        if not self._fence():
            return _not_sent(move, Outcome.FENCED, "this replica has lost its lease")
        done = self._patch(path, body, dry=False)
        if done.status >= 300:
            self._tried.discard(shape)  # something is not as it was: the next one is tried dry again
            return Sent(move=move, answer=_answer(done))
        return Sent(move=move, answer=_answer(done), generation=_generation(done.body))

    def _patch(self, path: str, body: dict[str, Any], *, dry: bool) -> HttpAnswer:
        query: dict[str, str | int] = {"fieldManager": MANAGER, "fieldValidation": "Strict"}
        return self._writer.answer("PATCH", path, query | ({"dryRun": "All"} if dry else {}), body, CONTENT_TYPE)


def _path(pod: Pod) -> str:
    namespace, name = quote(pod.namespace, safe=""), quote(pod.name, safe="")
    return f"/api/v1/namespaces/{namespace}/pods/{name}/resize"


def _again(move: Move, fresh: Pod, judge: Judge) -> tuple[Move, Answer | None]:
    """The move on the pod as it is now, or what speaks against it."""
    if fresh.uid != move.pod.uid or fresh.terminating or not fresh.live:
        return move, Answer(outcome=Outcome.POD_GONE, message=f"pod {move.pod} is gone, or another has its name")
    containers = {container.name: container for container in fresh.containers}
    for change in move.changes:
        container = containers.get(change.container)
        if container is None or (container.requests, container.limits) != (change.old_requests, change.old_limits):
            message = f"container {change.container} of pod {move.pod} is not what it was when this was decided"
            return move, Answer(outcome=Outcome.OVERTAKEN, message=message)
    move = replace(move, pod=fresh)
    refusals = judge(move)
    if refusals:
        return move, Answer(outcome=Outcome.REFUSED, message="; ".join(str(refusal) for refusal in refusals))
    return move, None


def _shape(move: Move) -> tuple[object, ...]:
    """What makes two resizes alike to a server: the template they change, and which fields of it."""
    fields = tuple(
        (
            change.container,
            *((kind, r) for kind, amounts in _named(change) for r in Resource if amounts.get(r) is not None),
        )
        for change in move.changes
    )
    return move.pod.workload, move.pod.revision, fields


def _named(change: Change) -> Iterator[tuple[str, Amounts]]:
    yield "requests", change.requests
    yield "limits", change.limits


def _as_asked(before: Pod, changes: tuple[Change, ...], body: bytes) -> Answer:
    """Whether the server would store what was asked for, and nothing else.

    A LimitRange adds its defaults to containers that the patch does not even name, and a quantity is stored as sent:
    all of it is answered with 200 (seen on 1.33 to 1.37).
    """
    try:
        after = pod_of(msgspec.json.decode(body, type=WirePod), before.workload)
    except (msgspec.DecodeError, QuantityError) as error:
        return Answer(outcome=Outcome.UNKNOWN, message=f"the server's answer cannot be read: {error}")
    named = {change.container: change for change in changes}
    expected = {
        container.name: named[container.name].after()
        if container.name in named
        else (container.requests, container.limits)
        for container in before.containers
    }
    strange = [text for container in after.containers for text in _differences(container, expected.get(container.name))]
    if not strange:
        return Answer(outcome=Outcome.TAKEN)
    message = f"the server would also change pod {before}: {', '.join(strange)}; look for a LimitRange with defaults"
    return Answer(outcome=Outcome.SIDE_EFFECTS, message=message)


def _differences(container: Container, expected: tuple[Amounts, Amounts] | None) -> Iterator[str]:
    requests, limits = expected or (Amounts(), Amounts())
    for field, have, want in (("request", container.requests, requests), ("limit", container.limits, limits)):
        for resource in Resource:
            if (amount := have.get(resource)) != want.get(resource):
                told = "none" if amount is None else format_amount(amount, resource)
                yield f"{container.name} {resource.key} {field} {told}"


def _answer(got: HttpAnswer) -> Answer:
    return read(got.status, got.body, got.retry_after)


def _not_sent(move: Move, outcome: Outcome, message: str) -> Sent:
    return Sent(move=move, answer=Answer(outcome=outcome, message=message))


class _Metadata(msgspec.Struct):
    generation: int | None = None


class _Object(msgspec.Struct):
    metadata: _Metadata


def _generation(body: bytes) -> int | None:
    try:
        return msgspec.json.decode(body, type=_Object).metadata.generation
    except msgspec.DecodeError:
        return None
