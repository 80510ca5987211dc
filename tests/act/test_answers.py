"""Every answer that a resize has been seen to get, and what it means; the texts are pinned by tests/cluster/conformance."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpa_inplace.act.answers import Bound, Outcome, read
from vpa_inplace.domain.resource import Resource
from vpa_inplace.lifecycle.room import Shortage

POD = {"kind": "pods", "name": "web-1"}


def a_status(message, details=None):
    return json.dumps({"kind": "Status", "message": message, "details": details or {}}).encode()


@pytest.mark.parametrize(
    ("status", "message", "details", "outcome"),
    [
        pytest.param(404, 'pods "web-1" not found', POD, Outcome.POD_GONE, id="the pod is gone"),
        pytest.param(
            404, "the server could not find the requested resource", {}, Outcome.CAPABILITY_MISSING, id="no subresource"
        ),
        pytest.param(
            409,
            'Operation cannot be fulfilled on pods "web-1": the object has been modified; please apply your changes',
            POD,
            Outcome.CONFLICT,
            id="changed since it was read",
        ),
        pytest.param(
            409,
            'Apply failed with 1 conflict: conflict with "kubectl"',
            {"causes": [{"reason": "FieldManagerConflict"}]},
            Outcome.FIELD_CONFLICT,
            id="a field that is somebody's",
        ),
        pytest.param(
            422,
            'Pod "web-1" is invalid: metadata.uid: Invalid value: "1-2": field is immutable',
            {"kind": "Pod"},
            Outcome.POD_GONE,
            id="another pod has the name",
        ),
        pytest.param(
            403,
            'pods "web-1" is forbidden: User "x" cannot patch resource "pods/resize" in API group "" in the namespace "a"',
            POD,
            Outcome.CAPABILITY_MISSING,
            id="no right",
        ),
        pytest.param(401, "Unauthorized", {}, Outcome.CAPABILITY_MISSING, id="no credentials"),
        pytest.param(
            403,
            'pods "web-1" is forbidden: exceeded quota: rq, requested: requests.cpu=100m, used: requests.cpu=150m',
            POD,
            Outcome.RESOURCE_QUOTA,
            id="quota",
        ),
        pytest.param(
            422,
            "pods \"web-1\" is forbidden: ValidatingAdmissionPolicy 'x' with binding 'x' denied request: no",
            POD,
            Outcome.DENIED,
            id="a policy answers 422",
        ),
        pytest.param(
            403, 'admission webhook "x.example.com" denied the request: no', {}, Outcome.DENIED, id="a webhook"
        ),
        pytest.param(
            422,
            'Pod "web-1" is invalid: spec: Invalid value: "Guaranteed": Pod QOS Class may not change as a result of',
            {"kind": "Pod"},
            Outcome.REJECTED,
            id="validation",
        ),
        pytest.param(429, "Too many requests, please try again later.", {}, Outcome.BUSY, id="slow down"),
        pytest.param(500, "etcdserver: request timed out", {}, Outcome.UNKNOWN, id="it may have been done"),
    ],
)
def test_outcomes(status, message, details, outcome):
    answer = read(status, a_status(message, details))
    assert answer.outcome is outcome
    assert answer.message == message
    assert not answer.taken


def test_a_resize_that_was_taken():
    assert read(200, b'{"kind": "Pod"}').taken


def test_a_size_above_the_node_tells_its_room():
    message = 'pods "web-1" is forbidden: node didn\'t have enough allocatable resources: cpu, requested: 4000, allocatable: 1500'
    answer = read(403, a_status(message, POD | {"causes": [{"reason": "NodeCapacity"}]}))
    assert answer.outcome is Outcome.NODE_CAPACITY
    assert answer.shortages == (Shortage(Resource.CPU, 4000, 1500),)


def test_a_limit_range_tells_its_bounds():
    message = (
        'pods "web-1" is forbidden: [minimum cpu usage per Container is 20m, but request is 10m, maximum memory usage per'
        " Pod is 1Gi, but limit is 2Gi, cpu max limit to request ratio per Container is 4, but provided ratio is 45.0]"
    )
    answer = read(403, a_status(message, POD))
    assert answer.outcome is Outcome.LIMIT_RANGE
    assert answer.limits == (
        Bound("minimum", Resource.CPU, "20m"),
        Bound("maximum", Resource.MEMORY, "1Gi"),
        Bound("ratio", Resource.CPU, "4"),
    )


def test_what_a_busy_server_asks_for():
    assert read(429, a_status("wait"), "7").retry_after == 7
    assert read(429, a_status("wait"), "Wed, 21 Oct 2015 07:28:00 GMT").retry_after is None


def test_a_page_of_a_proxy_is_shown_as_it_is():
    answer = read(502, b"<html>Bad Gateway</html>")
    assert (answer.outcome, answer.message) == (Outcome.UNKNOWN, "<html>Bad Gateway</html>")


@given(status=st.integers(300, 599), body=st.binary(max_size=200), retry=st.none() | st.text(max_size=10))
def test_no_answer_is_an_error_and_none_but_2xx_is_taken(status, body, retry):
    assert not read(status, body, retry).taken
