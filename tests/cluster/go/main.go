// Command kubernetes is a whole Kubernetes node in one binary, for the tests of vpa-inplace.
//
// Kubernetes ships no binaries as Go modules, but its components are libraries: this file gives each of them an
// entrance. Which one runs is told by the first argument, or by the name the binary is called by (a symbolic link).
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	_ "k8s.io/client-go/plugin/pkg/client/auth"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

const usage = "usage: kubernetes etcd|kube-apiserver|kube-controller-manager|kube-scheduler|kubelet|kubectl|sandboxes ARGUMENTS"

func main() {
	name := filepath.Base(os.Args[0])
	if name == "kubernetes" {
		if len(os.Args) < 2 {
			fail(2, usage)
		}
		os.Args = os.Args[1:]
		name = os.Args[0]
	}
	switch name {
	case "etcd":
		etcdmain.Main(os.Args)
	case "kube-apiserver":
		os.Exit(cli.Run(apiserver.NewAPIServerCommand()))
	case "kube-controller-manager":
		os.Exit(cli.Run(controllermanager.NewControllerManagerCommand()))
	case "kube-scheduler":
		os.Exit(cli.Run(scheduler.NewSchedulerCommand()))
	case "kubelet":
		nameContainerdSocket()
		os.Exit(cli.Run(kubeletCommand(kubelet.NewKubeletCommand)))
	case "kubectl":
		if err := cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()); err != nil {
			fail(1, err)
		}
	case "sandboxes":
		if err := removeSandboxes(os.Args[1:]); err != nil {
			fail(1, err)
		}
	default:
		fail(2, "no component ", name, "\n", usage)
	}
}

// kubeletCommand calls the kubelet's constructor, which takes a context from Kubernetes 1.34 on.
func kubeletCommand(constructor any) *cobra.Command {
	switch construct := constructor.(type) {
	case func(context.Context) *cobra.Command:
		return construct(context.Background())
	case func() *cobra.Command:
		return construct()
	default:
		panic(fmt.Sprintf("NewKubeletCommand has a shape not met before: %T", constructor))
	}
}

// nameContainerdSocket tells cAdvisor, which lives in the kubelet, where containerd listens.
//
// Without it no usage series carries a pod's name. The kubelet had a flag for it up to 1.36; cAdvisor still reads the
// process-wide flag set, which the kubelet of 1.37 no longer shows on its command line.
func nameContainerdSocket() {
	socket := os.Getenv("CADVISOR_CONTAINERD")
	if socket == "" {
		return
	}
	if err := flag.Set("containerd", socket); err != nil {
		fail(2, err)
	}
}

func fail(code int, message ...any) {
	fmt.Fprintln(os.Stderr, fmt.Sprint(message...))
	os.Exit(code)
}
