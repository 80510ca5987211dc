"""The kill switch: a ConfigMap that anybody with kubectl can write, and that holds back all but undos and rescues."""

from __future__ import annotations

from typing import Final

from vpa_inplace.observe.kubernetes.cache import Views
from vpa_inplace.observe.kubernetes.kinds import ConfigMap
from vpa_inplace.observe.kubernetes.store import Key

PAUSED: Final = "paused"
REASON: Final = "reason"
"""Keys of its data."""
NO: Final = frozenset({"", "false", "no", "off", "0"})
"""Whatever else stands there is a yes: who reaches for the switch may not type well."""
TRUSTED: Final = 900.0  # seconds; usage that is older lets nothing shrink either


def paused(views: Views, switch: Key | None) -> str:
    """Who holds everything back, and why; empty: nobody. ``switch``: its namespace and name; None: there is none.

    A switch that is not there is not pulled, and one that was seen stays as it was seen, however the server does since.
    One that cannot be read, or was last read long ago, counts as pulled: nobody finds out that it does not work at the
    moment of need, the reason names the missing right, and pods in need are helped all the same.
    """
    if switch is None:
        return ""
    view, which = views.of(ConfigMap), f"ConfigMap {'/'.join(switch)}"
    if not view.listed:
        return f"{which}, the kill switch, cannot be read: {view.reason}"
    if (why := view.unreadable.get(switch)) is not None:
        return f"{which}, the kill switch, cannot be read: {why}"
    item = view.objects.get(switch)
    data = (item.data if item is not None else None) or {}
    if data.get(PAUSED, "").strip().lower() not in NO:
        return f"{which} says so: {data.get(REASON, '').strip() or 'it gives no reason'}"
    if view.age > TRUSTED:
        return f"{which}, the kill switch, was last read {view.age / 60:.0f} min ago: {view.reason}"
    return ""
