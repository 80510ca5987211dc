from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.api.objects.states import STATE
from tests.support.builders import MIB, WEB
from vpa_inplace.api.objects.resize_state import Ceilings, ResizeState, Resources, state_name
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.keys import WorkloadKey
from vpa_inplace.domain.moves import Intent


def test_an_object_read_and_written_loses_nothing() -> None:
    assert ResizeState.read(STATE).written() == STATE


def test_what_a_newer_version_wrote_is_carried_along() -> None:
    newer = STATE | {"spec": STATE["spec"] | {"mood": "calm"}}
    newer["spec"]["attempts"] = [STATE["spec"]["attempts"][0] | {"colour": {"a": 1}}]
    assert ResizeState.read(newer).written() == newer


def test_values() -> None:
    spec = ResizeState.read(STATE).spec
    assert spec.birth["app"] == Resources(requests=Amounts(250, 512 * MIB), limits=Amounts(None, 1024 * MIB))
    assert spec.ceilings["app"].cpu == tuple(100 + hour for hour in range(24))
    assert spec.ceilings["app"].memory is None
    assert spec.ooms["app"].floor == 600 * MIB
    (attempt,) = spec.attempts
    assert attempt.intent is Intent.SHRINK
    assert attempt.changes[0].new.limits is None


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("intent", "Shrunk", "must be one of Undo, Rescue, Grow, Shrink"),
        ("phase", "Deferrred", "did you mean 'Deferred'?"),
        ("began", "yesterday", "must be a time with its zone"),
        ("uid", None, "Field required"),
    ],
)
def test_a_torn_ledger_is_refused(path: str, value: Any, sentence: str) -> None:
    attempt = {key: said for key, said in (STATE["spec"]["attempts"][0] | {path: value}).items() if said is not None}
    with pytest.raises(ValidationError) as caught:
        ResizeState.read(STATE | {"spec": STATE["spec"] | {"attempts": [attempt]}})
    assert sentence in str(caught.value)


@pytest.mark.parametrize("hours", [[], ["1"] * 23, ["1"] * 25, "1"])
def test_ceilings_are_a_whole_day(hours: Any) -> None:
    with pytest.raises(ValidationError, match="must be a list of 24 amounts"):
        Ceilings.read({"from": "2026-03-02T12:00:00Z", "cpu": hours})


@pytest.mark.parametrize(
    ("workload", "name"),
    [
        (WEB, "deployment-web"),
        (replace(WEB, kind="RayCluster", name="a.b"), "raycluster-a.b"),
        (replace(WEB, kind="Job", name="x" * 249), "job-" + "x" * 249),
    ],
)
def test_names(workload: WorkloadKey, name: str) -> None:
    assert state_name(workload) == name


SUBDOMAIN = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"  # RFC 1123, as the API server has it
LABEL = st.text("ab-", min_size=60, max_size=61).map(lambda middle: f"a{middle}b")


@given(st.lists(LABEL, min_size=4, max_size=4).map(".".join))
def test_long_names_fit_and_differ(name: str) -> None:
    one = state_name(replace(WEB, name=name))
    assert len(one) <= 253
    assert re.fullmatch(SUBDOMAIN, one)
    assert one != state_name(replace(WEB, name=f"{name[:-1]}a"))


@pytest.mark.parametrize("at_the_cut", [".", "-", "--", ".a"])
def test_names_are_cut_clean(at_the_cut: str) -> None:
    """253 - 17 characters for the hash - 11 of the kind leave 225 of the name."""
    name = "a" * (225 - len(at_the_cut)) + at_the_cut + "b" * 27
    assert re.fullmatch(SUBDOMAIN, state_name(replace(WEB, name=name)))
