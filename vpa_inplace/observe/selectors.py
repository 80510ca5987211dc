"""Label selectors over kube_pod_labels, for those who cannot ask the API server to select."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from vpa_inplace.domain.errors import UsageError

Labels = Mapping[str, str]
# k8s.io/apimachinery/pkg/labels; the sign first, so that != is not read as a name that ends in !
_FORM: Final = re.compile(r"(?P<not>!)?\s*(?P<name>[\w./-]+)\s*(?:(?P<sign>!=|==?)\s*(?P<value>[\w.-]*))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Rule:
    """One requirement on one label."""

    name: str  # as users write it
    sign: str  # "=", "!=", "!" (must not be there) or "" (must be there)
    value: str = ""

    @property
    def label(self) -> str:
        """The label as kube-state-metrics spells it: odd signs become ``_``, camelCase becomes snake_case.

        Source: labelName in kube-state-metrics, internal/store/utils.go.
        """
        plain = re.sub(r"[^a-zA-Z0-9_]", "_", self.name)
        return "label_" + re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", plain).lower()

    def holds(self, labels: Labels) -> bool:
        if self.sign == "=":
            return labels.get(self.label) == self.value
        if self.sign == "!=":  # as in Kubernetes, a pod without the label is not equal either
            return labels.get(self.label) != self.value
        return (self.label in labels) == (self.sign != "!")


def parse_selector(text: str) -> tuple[Rule, ...]:
    """``a=b,c!=d,e,!f``.

    Raises:
        UsageError: the form ``in (...)``, which commas cannot be told apart in, and what is no selector at all.
    """
    return tuple(_rule(text, part.strip()) for part in text.split(",") if part.strip())


def _rule(text: str, part: str) -> Rule:
    match = _FORM.fullmatch(part)
    if match is None or (match["not"] and match["sign"]):
        raise UsageError(
            f"selector {text!r}: {part!r} is not understood; without cluster access only a=b, a!=b, a and !a are"
        )
    if match["sign"]:
        return Rule(match["name"], "!=" if match["sign"] == "!=" else "=", match["value"])
    return Rule(match["name"], match["not"] or "")


def must_be_known(text: str, rules: Iterable[Rule], everywhere: Iterable[Labels]) -> None:
    """A label that no pod has is more likely not exported than not used: ``a!=b`` would then choose everything.

    Raises:
        UsageError: a rule names such a label.
    """
    known = set().union(*everywhere)
    for rule in rules:
        if rule.label not in known:
            raise UsageError(
                f"selector {text!r}: no pod has the label {rule.name!r} in kube_pod_labels; if pods do have it, add it "
                "to --metric-labels-allowlist=pods=[...] of kube-state-metrics, or give access to the cluster"
            )
