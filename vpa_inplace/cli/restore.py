"""``vpa-inplace restore``: running pods back to the ceiling of the day, with the Kubernetes API alone."""

from __future__ import annotations

from typing import Annotated

from vpa_inplace.cli.options import CLUSTER, ClusterOptions, ConfigOptions, ScopeOptions, TalkOptions, option


def restore(
    scope: ScopeOptions,
    cluster: ClusterOptions,
    talk: TalkOptions,
    file: ConfigOptions,
    dry_run: Annotated[
        bool, option("--dry-run", text="Say what would be raised; change nothing.", panel=CLUSTER)
    ] = False,
) -> None:
    """Raise running pods that have less than their workload's ResizeState says they may need. Takes nothing away.

    For when Prometheus is gone, or vpa-inplace is to be removed. Stop `vpa-inplace run` first, or it shrinks them again.
    """
    import time

    from vpa_inplace.act.resizer import Resizer
    from vpa_inplace.act.restore import moves_back
    from vpa_inplace.act.store import LedgerStore
    from vpa_inplace.cli import work
    from vpa_inplace.cli.streams import say
    from vpa_inplace.domain.errors import VpaInplaceError
    from vpa_inplace.domain.moves import Skip
    from vpa_inplace.journal.entries import told
    from vpa_inplace.observe.kubernetes import KubeClient, discover

    config = work.configured(file)
    client = KubeClient(work.cluster_asked_for(config, cluster)[0])
    where = work.scope_of(config, scope, cluster.cluster)
    skips: list[Skip] = []
    states = LedgerStore(client, where.cluster, lambda: False).states(skips)
    states = [state for state in states if where.covers(state.metadata.namespace)]
    for skip in skips:
        say(f"warning: {skip.what}: {skip.message}")
    moves = moves_back(states, discover(client, where).pods, time.time())
    resizer = Resizer(client, lambda: True, dry_run=dry_run)
    failed = 0
    for move in moves:
        sent = resizer.send(move, lambda _: ())
        changes = "; ".join(text for change in move.changes for text in told(change))
        print(
            f"{move.pod}: {changes}: {sent.answer.outcome}{' (dry run)' if dry_run else ''} {sent.answer.message}".rstrip()
        )
        failed += not sent.answer.taken
    if not talk.quiet:
        say(
            f"{len(moves) - failed} of {len(moves)} pods below their ceiling raised; {len(states)} workloads are remembered"
        )
    if failed:
        raise VpaInplaceError(f"{failed} pods could not be raised")
