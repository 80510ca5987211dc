"""etcd and a kube-apiserver on loopback, with TLS, RBAC and service accounts: what most tests of an API client need."""

from __future__ import annotations

import base64
import contextlib
import shutil
import socket
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
import yaml

from tests.cluster import cgroups
from tests.cluster.api import Api
from tests.cluster.build import Binaries
from tests.cluster.pki import Authority, Pair
from tests.cluster.processes import Processes, end_remembered
from tests.cluster.runs import Place

ADMIN = ("admin", ("system:masters",))
SERVICES = "10.96.0.0/16"  # nothing routes there: no kube-proxy runs
FIRST_SERVICE = "10.96.0.1"
TOKEN_SECONDS = 365 * 24 * 3600  # a playground may stay for weeks
ETCD_SECONDS, API_SECONDS = 30.0, 120.0  # seen: 0.3 to 0.9 s, 2.2 to 3.3 s; slow machines and busy ones get more


@dataclass(slots=True)
class ControlPlane:
    """A running API server and what it takes to talk to it. Made by `start_control_plane`."""

    place: Place
    binaries: Binaries
    processes: Processes
    authority: Authority
    pairs: dict[str, Pair] = field(default_factory=dict)
    apiserver_flags: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        return self.place.folder

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.place.port('apiserver')}"

    @property
    def ca(self) -> Path:
        return self.authority.certificate

    def pair(self, user: str, groups: Iterable[str] = ()) -> Pair:
        """A client certificate for a user, made when first asked for."""
        groups = tuple(groups)
        name = "-".join([user, *groups]).replace(":", "_").replace("/", "_")
        if name not in self.pairs:
            self.pairs[name] = self.authority.issue(name, user, groups)
        return self.pairs[name]

    def kubeconfig(self, user: str = ADMIN[0], groups: Iterable[str] | None = None) -> Path:
        """A self-contained kubeconfig of a user; without groups, "admin" may do all and others what RBAC gives them."""
        if groups is None:
            groups = ADMIN[1] if user == ADMIN[0] else ()
        pair = self.pair(user, groups)
        return self._kubeconfig(
            pair.certificate.stem,
            {"client-certificate-data": _encoded(pair.certificate), "client-key-data": _encoded(pair.key)},
        )

    def token_kubeconfig(self, name: str, token: str) -> Path:
        return self._kubeconfig(name, {"token": token})

    def api(self, user: str = ADMIN[0], groups: Iterable[str] | None = None) -> Api:
        if groups is None:
            groups = ADMIN[1] if user == ADMIN[0] else ()
        return Api(self.url, self.ca, pair=self.pair(user, groups))

    def service_account(self, namespace: str, name: str, rules: Iterable[Mapping[str, Any]] = ()) -> str:
        """A new service account, bound to cluster-wide rules, and a token of it."""
        api = self.api()
        base = f"/api/v1/namespaces/{namespace}/serviceaccounts"
        api.create(base, {"metadata": {"name": name}}).expect(200, 201, 409)
        if rules:
            role = f"{namespace}-{name}"
            rbac = "/apis/rbac.authorization.k8s.io/v1"
            api.create(f"{rbac}/clusterroles", {"metadata": {"name": role}, "rules": list(rules)}).expect()
            subject = {"kind": "ServiceAccount", "namespace": namespace, "name": name}
            reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}
            binding = {"metadata": {"name": role}, "roleRef": reference, "subjects": [subject]}
            api.create(f"{rbac}/clusterrolebindings", binding).expect()
        answer = api.create(f"{base}/{name}/token", {"spec": {"expirationSeconds": TOKEN_SECONDS}})
        token: str = answer.expect()["status"]["token"]
        return token

    def start_apiserver(self, *flags: str) -> None:
        """With extra flags, such as an emulated version; wait until it is ready."""
        self.apiserver_flags = flags
        self.processes.start("apiserver", [self.binaries.kubernetes / "kube-apiserver", *self._flags(), *flags])
        self.processes.wait("apiserver", self.api().ready, API_SECONDS)

    def stop_apiserver(self) -> None:
        self.processes.stop("apiserver")

    def _kubeconfig(self, name: str, user: Mapping[str, str]) -> Path:
        cluster = {"server": self.url, "certificate-authority-data": _encoded(self.ca)}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "vpa-inplace", "cluster": cluster}],
            "users": [{"name": name, "user": dict(user)}],
            "contexts": [{"name": name, "context": {"cluster": "vpa-inplace", "user": name}}],
            "current-context": name,
        }
        path = self.folder / "kubeconfigs" / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(yaml.safe_dump(config))
        return path

    def _flags(self) -> list[str]:
        etcd, front = self.pairs["etcd"], self.pairs["front-proxy"]
        server, kubelet, tokens = self.pairs["apiserver"], self.pairs["apiserver-kubelet"], self.pairs["tokens"]
        flags = {
            "etcd-servers": f"https://127.0.0.1:{self.place.port('etcd')}",
            "etcd-cafile": self.ca,
            "etcd-certfile": etcd.certificate,
            "etcd-keyfile": etcd.key,
            "bind-address": "127.0.0.1",
            "secure-port": self.place.port("apiserver"),
            "endpoint-reconciler-type": "none",  # a loopback address cannot be advertised to pods
            "service-cluster-ip-range": SERVICES,
            "tls-cert-file": server.certificate,
            "tls-private-key-file": server.key,
            "client-ca-file": self.ca,
            "anonymous-auth": "false",
            "authorization-mode": "Node,RBAC",
            "enable-admission-plugins": "NodeRestriction",
            "service-account-issuer": "https://kubernetes.default.svc",
            "service-account-key-file": tokens.certificate,
            "service-account-signing-key-file": tokens.key,
            "kubelet-client-certificate": kubelet.certificate,
            "kubelet-client-key": kubelet.key,
            "kubelet-certificate-authority": self.ca,
            "kubelet-preferred-address-types": "Hostname",  # the node is called localhost
            "requestheader-client-ca-file": self.ca,
            "requestheader-allowed-names": "front-proxy-client",
            "requestheader-username-headers": "X-Remote-User",
            "requestheader-group-headers": "X-Remote-Group",
            "requestheader-extra-headers-prefix": "X-Remote-Extra-",
            "proxy-client-cert-file": front.certificate,
            "proxy-client-key-file": front.key,
            "allow-privileged": "true",
            "profiling": "false",
            "v": 1,
        }
        return [f"--{name}={value}" for name, value in flags.items()]


def start_control_plane(
    place: Place, binaries: Binaries, keep: tuple[int, ...] = (), flags: tuple[str, ...] = ()
) -> ControlPlane:
    """Start etcd and the API server in a place that `clear` has made clean."""
    place.folder.mkdir(mode=0o700, parents=True)
    authority = Authority(place.folder / "pki")
    grouped = cgroups.usable()
    if grouped:
        cgroups.make(place.cgroup)
    plane = ControlPlane(place, binaries, Processes(place, grouped, keep), authority)
    local = ("127.0.0.1", "localhost")
    plane.pairs |= {
        "etcd": authority.issue("etcd", "etcd", hosts=local),
        "apiserver": authority.issue(
            "apiserver", "kube-apiserver", hosts=(*local, FIRST_SERVICE, "kubernetes.default.svc")
        ),
        "apiserver-kubelet": authority.issue("apiserver-kubelet", "kube-apiserver-kubelet-client", ("system:masters",)),
        "front-proxy": authority.issue("front-proxy", "front-proxy-client"),
        "tokens": authority.signing_pair("service-accounts"),
    }
    try:
        _start_etcd(plane)
        plane.start_apiserver(*flags)
    except BaseException:
        end(plane)
        raise
    return plane


def _start_etcd(plane: ControlPlane) -> None:
    place, pair = plane.place, plane.pairs["etcd"]
    client, peer = (f"https://127.0.0.1:{place.port(name)}" for name in ("etcd", "etcd-peer"))
    flags = {
        "name": "only",
        "data-dir": place.folder / "etcd",
        "listen-client-urls": client,
        "advertise-client-urls": client,
        "listen-peer-urls": peer,
        "initial-advertise-peer-urls": peer,
        "initial-cluster": f"only={peer}",
        "cert-file": pair.certificate,
        "key-file": pair.key,
        "trusted-ca-file": plane.ca,
        "peer-cert-file": pair.certificate,
        "peer-key-file": pair.key,
        "peer-trusted-ca-file": plane.ca,
        "log-level": "warn",
    }
    switches = ["--client-cert-auth", "--peer-client-cert-auth", "--unsafe-no-fsync"]  # no test outlives a power cut
    command = [plane.binaries.kubernetes / "etcd", *(f"--{name}={value}" for name, value in flags.items()), *switches]
    plane.processes.start("etcd", command)

    def healthy() -> bool:
        got = requests.get(
            f"{client}/health", verify=str(plane.ca), cert=(str(pair.certificate), str(pair.key)), timeout=1
        )
        return got.status_code == requests.codes.ok

    plane.processes.wait("etcd", healthy, ETCD_SECONDS)


def end(plane: ControlPlane) -> None:
    """Stop what was started, last first, and leave nothing."""
    for name in reversed(list(plane.processes.running)):
        plane.processes.stop(name)
    clear(plane.place)


def clear(place: Place) -> None:
    """Make a place as if nothing had ever run there: also after a harness that was killed."""
    end_remembered(place)
    if cgroups.usable():
        cgroups.remove(place.cgroup)
    for _ in range(5):
        # A killed process may still be closing a file.
        with contextlib.suppress(OSError):
            shutil.rmtree(place.folder)
        if not place.folder.exists():
            return
        time.sleep(0.2)
    shutil.rmtree(place.folder)


def connects(port: int) -> bool:
    """Whether something listens on this port of loopback."""
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        return True


def _encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
