package load

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"
)

// patience is how long answers under way may take after a signal to end.
const patience = 10 * time.Second

// replay sends the requests of a trace at their time, whether or not those before are answered: an open loop, in which
// a slow server meets the load that its users bring and not the load that it lets through.
type replay struct {
	trace    trace
	speed    float64
	limit    int           // requests; 0: all
	duration time.Duration // for which requests are sent; 0: to the end
	loop     bool          // begin again at the end
	progress time.Duration // between two lines on how it goes; 0: none
	targets  *targets
	ask      func(ctx context.Context, address string, a arrival) outcome
}

// run replays until the trace, a limit or the context ends, and waits for the answers.
func (r replay) run(ctx context.Context, report io.Writer) Summary {
	begin := time.Now()
	tally := newTally(begin)
	answers, cut := context.WithCancel(context.Background())
	defer cut()
	context.AfterFunc(ctx, func() { time.AfterFunc(patience, cut) })
	stop := r.tell(tally, report)
	defer stop()

	var underWay sync.WaitGroup
	defer underWay.Wait()
	for number := 0; ; number++ {
		next, found := r.arrival(number)
		due := begin.Add(time.Duration(float64(next.at) / r.speed))
		if !found || r.duration > 0 && due.Sub(begin) >= r.duration || !sleep(ctx, time.Until(due)) {
			break
		}
		now := time.Now()
		tally.send(now.Sub(due), now)
		chosen := r.targets.choose()
		underWay.Go(func() {
			answer := r.ask(answers, r.targets.addresses[chosen], next)
			r.targets.done(chosen)
			tally.add(next, answer, time.Now())
		})
	}
	underWay.Wait()
	return tally.summary()
}

// arrival is the request of a number, counted on through all rounds.
func (r replay) arrival(number int) (arrival, bool) {
	n := len(r.trace.arrivals)
	if r.limit > 0 && number >= r.limit || number >= n && !r.loop {
		return arrival{}, false
	}
	a := r.trace.arrivals[number%n]
	a.at += time.Duration(number/n) * r.trace.span
	return a, true
}

// sleep is false if the context ends before.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// tell writes now and then how it goes, until it is stopped.
func (r replay) tell(t *tally, report io.Writer) (stop func()) {
	if r.progress <= 0 {
		return func() {}
	}
	ticker, stopped := time.NewTicker(r.progress), make(chan struct{})
	var telling sync.WaitGroup
	telling.Go(func() {
		for {
			select {
			case <-stopped:
				return
			case <-ticker.C:
				fmt.Fprintln(report, line(t.summary()))
			}
		}
	})
	return func() { ticker.Stop(); close(stopped); telling.Wait() }
}

func line(s Summary) string {
	underWay := s.Requests - s.Completed - s.Rejected - s.Errors
	text := fmt.Sprintf(
		"apps load: %.0f s, %d sent, %d under way, %d completed, %d rejected, %d errors",
		s.Seconds, s.Requests, underWay, s.Completed, s.Rejected, s.Errors,
	)
	if s.First != nil {
		text += fmt.Sprintf(", first token p95 %.3f s", s.First.P95)
	}
	return text
}
