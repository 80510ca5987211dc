"""What pages and lines mean."""

from __future__ import annotations

import json
from typing import Any

import pytest

from vpa_inplace.domain.errors import SourceConfused
from vpa_inplace.observe.kubernetes.client import Gone
from vpa_inplace.observe.kubernetes.kind import Kind
from vpa_inplace.observe.kubernetes.kinds import ConfigMap
from vpa_inplace.observe.kubernetes.news import Complaint, Nothing, NotThere, Odd, Reader, There
from vpa_inplace.observe.kubernetes.pods import ObjectMeta

READER = Reader(Kind("v1", "ConfigMap", "configmaps", ConfigMap), "https://server")
META = {"name": "a", "namespace": "shop", "uid": "u", "resourceVersion": "7"}
ITEM = ConfigMap(metadata=ObjectMeta(name="a", namespace="shop", uid="u", resource_version="7"), data={"k": "v"})


def line(event: str, **item: Any) -> bytes:
    return json.dumps({"type": event, "object": item}).encode()


def page(*items: Any, **meta: str) -> bytes:
    return json.dumps({"metadata": {"resourceVersion": "9"} | meta, "items": items}).encode()


@pytest.mark.parametrize(
    ("said", "news"),
    [
        pytest.param(line("ADDED", metadata=META, data={"k": "v"}), There(ITEM), id="added"),
        pytest.param(line("MODIFIED", metadata=META, data={"k": "v"}), There(ITEM), id="modified"),
        pytest.param(line("DELETED", metadata=META, data={"k": "v"}), NotThere(("shop", "a")), id="deleted"),
        pytest.param(line("DELETED", metadata=META, data=7), NotThere(("shop", "a")), id="deleted-whatever-it-was"),
        pytest.param(line("BOOKMARK", metadata={"resourceVersion": "7"}), Nothing(), id="bookmark"),
        pytest.param(
            line("BOOKMARK", metadata={"resourceVersion": "7", "creationTimestamp": None}, spec={"containers": None}),
            Nothing(),
            id="bookmark-as-pods-have-it",
        ),
        pytest.param(
            line("MODIFIED", metadata=META, data={"k": 1}),
            Odd(("shop", "a"), "Expected `str`, got `int` - at `$.data[...]`"),
            id="odd",
        ),
    ],
)
def test_lines(said: bytes, news: object) -> None:
    assert READER.event(said) == (news, "7")


def test_a_version_that_is_gone() -> None:
    with pytest.raises(Gone, match="configmaps: the watch says 410 too old resource version: 1"):
        READER.event(line("ERROR", kind="Status", code=410, reason="Expired", message="too old resource version: 1"))


def test_another_error() -> None:
    with pytest.raises(Complaint, match="the watch says 500 etcd"):
        READER.event(line("ERROR", kind="Status", code=500, message="etcd"))


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"<html>", id="html"),
        pytest.param(b'{"type": "ADDED"}', id="no-object"),
        pytest.param(line("ADDED"), id="no-metadata"),
        pytest.param(line("BOOKMARK", metadata=[]), id="odd-metadata"),
        pytest.param(line("RENAMED", metadata=META), id="unknown-type"),
    ],
)
def test_lines_that_are_none(said: bytes) -> None:
    with pytest.raises(
        SourceConfused, match=r"kubernetes https://server, configmaps: the answer is no Kubernetes API's"
    ):
        READER.event(said)


def test_a_page() -> None:
    found = READER.page(
        page({"metadata": META, "data": {"k": "v"}}, {"metadata": META | {"name": "b"}}, **{"continue": "t"})
    )
    assert ([item.metadata.name for item in found.items], found.token, found.version) == (["a", "b"], "t", "9")
    assert (found.items[0], found.unreadable) == (ITEM, {})


def test_a_last_page_that_is_empty() -> None:
    found = READER.page(b'{"metadata": {"resourceVersion": "9"}, "items": null}')
    assert (found.items, found.token) == ([], "")


def test_a_page_with_an_odd_object() -> None:
    odd = {"metadata": META | {"name": "odd"}, "data": {"k": 1}}
    found = READER.page(page({"metadata": META, "data": {"k": "v"}}, odd, **{"continue": "t"}))
    assert (found.items, found.token, found.version) == ([ITEM], "t", "9")
    assert found.unreadable == {("shop", "odd"): "Expected `str`, got `int` - at `$.data[...]`"}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"<html>", id="html"),
        pytest.param(b"[]", id="no-object"),
        pytest.param(b'{"items": []}', id="no-version"),
        pytest.param(b'{"items": 7, "metadata": {"resourceVersion": "9"}}', id="no-items"),
        pytest.param(page({"metadata": []}), id="no-metadata"),
        pytest.param(page()[:-5], id="torn"),
    ],
)
def test_pages_that_are_none(body: bytes) -> None:
    with pytest.raises(SourceConfused):
        READER.page(body)
