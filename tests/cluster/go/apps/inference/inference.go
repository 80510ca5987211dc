// Package inference serves a small language model on the CPU: a stand-in for vLLM and SGLang whose arithmetic, queue and
// batches are real, and whose latency therefore depends on the CPU that its container has.
package inference

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"time"

	"vpa-inplace/tests/cluster/apps/inference/decoder"
	"vpa-inplace/tests/cluster/apps/internal/command"
	"vpa-inplace/tests/cluster/apps/internal/web"
)

// options are the flags.
type options struct {
	listen, name, metrics string
	size                  decoder.Size
	limits                limits
	threads               int
	seed                  uint64
	grace                 time.Duration
}

func read(arguments []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("inference", flag.ContinueOnError)
	flags.StringVar(&o.listen, "listen", ":8000", "address to serve on: POST /v1/completions, /health, /metrics")
	flags.StringVar(&o.name, "model", "tiny", "the model's name in answers and metrics")
	flags.StringVar(&o.metrics, "metrics", "vllm", "whose metric names to speak: vllm or sglang")
	flags.IntVar(&o.size.Layers, "layers", 4, "layers of the model; a token costs layers x 13 x width² + width x vocab products")
	flags.IntVar(&o.size.Width, "width", 256, "numbers in a token's vector")
	flags.IntVar(&o.size.Heads, "heads", 8, "attention heads")
	flags.IntVar(&o.size.Vocab, "vocab", 2048, "different tokens")
	flags.IntVar(&o.size.Context, "context", 512, "tokens of prompt and answer together")
	flags.Uint64Var(&o.seed, "seed", 1, "of the random weights")
	flags.IntVar(&o.limits.Batch, "max-batch", 8, "requests that run together")
	flags.IntVar(&o.limits.Tokens, "max-batched-tokens", 64, "tokens in one step, prompts included")
	flags.IntVar(&o.limits.Queue, "queue", 64, "requests that may wait; more are answered 429")
	flags.IntVar(&o.threads, "threads", runtime.NumCPU(), "threads that calculate, whatever the CPU limit: as in PyTorch")
	flags.DurationVar(&o.grace, "grace", 25*time.Second, "how long answers under way may take after SIGTERM")
	if err := command.Parse(flags, arguments); err != nil {
		return o, err
	}
	o.limits.Context = o.size.Context
	return o, o.check()
}

// check names the first mistake.
func (o options) check() error {
	if err := o.size.Check(); err != nil {
		return command.Mistake("%s", err)
	}
	l := o.limits
	switch {
	case l.Batch < 1 || l.Queue < 1 || o.threads < 1:
		return command.Mistake("-max-batch, -queue and -threads must be at least 1; they are %d, %d and %d", l.Batch, l.Queue, o.threads)
	case l.Tokens < l.Batch:
		return command.Mistake("-max-batched-tokens (%d) must be at least -max-batch (%d): each request runs a token a step", l.Tokens, l.Batch)
	}
	return nil
}

// Run serves until the context ends and the answers under way are complete.
func Run(ctx context.Context, arguments []string) error {
	o, err := read(arguments)
	if err != nil {
		return err
	}
	// Threads are fixed as in a real server, where a limit below them means throttling; Go by itself would follow the
	// limit. One more than those that calculate, so that answers and probes are not kept waiting for a batch.
	runtime.GOMAXPROCS(o.threads + 1)
	model := decoder.New(o.size, o.seed, o.limits.Tokens, o.threads)
	defer model.Close()
	engine := newEngine(model, o.limits, time.Now)
	registry := web.NewRegistry()
	if engine.metrics, err = dialect(o.metrics, o.name, registry, engine.levels()); err != nil {
		return command.Mistake("%s", err)
	}
	fmt.Fprintf(os.Stderr, "apps inference: %.1f million products a token, %d threads\n", float64(o.size.Products())/1e6, o.threads)

	work, end := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { engine.run(work); close(ended) }()
	s := &server{engine: engine, name: o.name, vocab: o.size.Vocab}
	err = web.Serve(ctx, "apps inference", o.listen, s.handler(registry), o.grace)
	end()
	<-ended
	return err
}
