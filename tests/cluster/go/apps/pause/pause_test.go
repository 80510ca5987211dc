package pause

import (
	"context"
	"os"
	"syscall"
	"testing"
	"time"
)

func TestChildrenAreReaped(t *testing.T) {
	ctx, end := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- Run(ctx, nil) }()
	child, err := os.StartProcess("/bin/true", []string{"true"}, &os.ProcAttr{})
	if err != nil {
		t.Skip("no /bin/true here")
	}
	for patience := 500; syscall.Kill(child.Pid, 0) == nil; patience-- { // a zombie still takes signals
		if patience == 0 {
			t.Fatal("a child that ended is still there after 5 s")
		}
		time.Sleep(10 * time.Millisecond)
	}
	end()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestArgumentsAreAMistake(t *testing.T) {
	if err := Run(context.Background(), []string{"for", "long"}); err == nil {
		t.Error("it started")
	}
}
