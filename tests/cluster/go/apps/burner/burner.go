// Package burner uses CPU and memory as it is told, by flags at its start and over HTTP later on.
package burner

import (
	"context"
	"flag"
	"math"
	"runtime"
	"sync"
	"time"

	"vpa-inplace/tests/cluster/apps/internal/command"
	"vpa-inplace/tests/cluster/apps/internal/web"
)

// tick is how often demand is looked at: often against the shortest day.
const tick = 250 * time.Millisecond

// Run burns until the context ends.
func Run(ctx context.Context, arguments []string) error {
	var demand Demand
	flags := flag.NewFlagSet("burner", flag.ContinueOnError)
	listen := flags.String("listen", ":8080", "address to serve on; GET /set?cpu=1.5&memory=64 changes what is used")
	flags.Float64Var(&demand.CPU, "cpu", 0.1, "cores to burn")
	flags.IntVar(&demand.Memory, "memory", 16, "MiB to hold")
	flags.StringVar(&demand.Profile, "profile", "constant", "constant or daily: demand that moves around -cpu and -memory")
	flags.Float64Var(&demand.Shape.Amplitude, "amplitude", 0.5, "daily: how far CPU moves, as a fraction of its mean")
	flags.Float64Var(&demand.Shape.MemoryAmplitude, "memory-amplitude", 0, "daily: how far memory moves")
	flags.DurationVar(&demand.Shape.Period, "period", 24*time.Hour, "daily: how long a day lasts")
	flags.Float64Var(&demand.Leak, "leak", 0, "MiB a minute that are taken and never released")
	if err := command.Parse(flags, arguments); err != nil {
		return err
	}
	if err := demand.Check(); err != nil {
		return command.Mistake("%s", err)
	}
	// By itself Go follows the container's CPU limit. A burner has to run into it instead. One more for the answers.
	runtime.GOMAXPROCS(runtime.NumCPU() + 1)
	b := &burner{demand: demand, cores: NewCores(), since: time.Now()}
	if err := b.apply(time.Now()); err != nil {
		return err
	}
	go b.follow(ctx)
	return web.Serve(ctx, "apps burner", *listen, b.handler(), time.Second)
}

// burner brings what is used in line with demand.
type burner struct {
	cores  *Cores
	memory Memory

	mu     sync.Mutex
	demand Demand
	cpu    float64   // cores, as demand has them now
	leaked float64   // MiB
	since  time.Time // up to when leaks are counted
}

// change replaces the demand, if the new one makes sense.
func (b *burner) change(demand Demand, now time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.leak(now)
	b.demand = demand
	return b.use(now)
}

func (b *burner) apply(now time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.leak(now)
	return b.use(now)
}

// leak counts what has leaked up to now.
func (b *burner) leak(now time.Time) {
	b.leaked += b.demand.Leak * now.Sub(b.since).Minutes()
	b.since = now
}

func (b *burner) use(now time.Time) error {
	cpu, memory := b.demand.At(now)
	b.cpu = cpu
	b.cores.Set(cpu)
	return b.memory.Set(memory + int(math.Floor(b.leaked)))
}

// follow keeps up with a demand that moves by itself. Memory that cannot be had is asked for again at the next tick.
func (b *burner) follow(ctx context.Context) {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			_ = b.apply(now)
		}
	}
}
