// Command apps holds the example workloads of the test cluster and of the playground in one static binary, which is all
// that their image contains.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"vpa-inplace/tests/cluster/apps/burner"
	"vpa-inplace/tests/cluster/apps/inference"
	"vpa-inplace/tests/cluster/apps/internal/command"
	"vpa-inplace/tests/cluster/apps/load"
	"vpa-inplace/tests/cluster/apps/pause"
)

const usage = `usage: apps COMMAND FLAGS
  pause      hold a pod's sandbox
  burner     use CPU and memory as told
  inference  serve a small language model
  load       send requests as a trace has them
apps COMMAND -help lists its flags.`

var commands = map[string]func(ctx context.Context, arguments []string) error{
	"pause":     pause.Run,
	"burner":    burner.Run,
	"inference": inference.Run,
	"load":      load.Run,
}

func main() {
	if len(os.Args) < 2 {
		fail(2, usage)
	}
	run, found := commands[os.Args[1]]
	if !found {
		fail(2, fmt.Sprintf("no command %q\n%s", os.Args[1], usage))
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	context.AfterFunc(ctx, stop) // a second signal does not wait
	err := run(ctx, os.Args[2:])
	var wrong *command.Wrong
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case errors.As(err, &wrong):
		fail(2, fmt.Sprintf("apps %s: %s", os.Args[1], err))
	default:
		fail(1, fmt.Sprintf("apps %s: %s", os.Args[1], err))
	}
}

func fail(code int, message string) {
	fmt.Fprintln(os.Stderr, message)
	os.Exit(code)
}
