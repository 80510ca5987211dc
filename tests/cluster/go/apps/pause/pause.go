// Package pause is the first process of a pod's sandbox: it holds the pod's namespaces and buries orphans.
package pause

import (
	"context"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"vpa-inplace/tests/cluster/apps/internal/command"
)

// Run waits for the end, and meanwhile reaps every child: where a pod shares its process namespace, orphans become
// children of this process.
func Run(ctx context.Context, arguments []string) error {
	if len(arguments) > 0 {
		return command.Mistake("pause takes no arguments")
	}
	runtime.GOMAXPROCS(1)
	exits := make(chan os.Signal, 1) // one is enough: a signal says that there is something to reap, not how much
	signal.Notify(exits, syscall.SIGCHLD)
	reap()               // who ended before we listened
	debug.FreeOSMemory() // what starting has used counts against the pod's limit
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-exits:
			reap()
		}
	}
}

// reap takes the exit of every child that has ended.
func reap() {
	for {
		child, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
		if err == syscall.EINTR {
			continue
		}
		if child <= 0 || err != nil {
			return
		}
	}
}
