package load

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"time"

	"vpa-inplace/tests/cluster/apps/internal/day"
)

// synthetic describes a made-up trace: a Poisson process whose rate follows the day, and around it wanders by a random
// factor that lasts for some minutes. Such bursts are what sets real request logs apart from a plain Poisson process.
type synthetic struct {
	seed           uint64
	span           time.Duration // from midnight on
	rate           float64       // mean requests a second
	amplitude      float64       // of the day, as a fraction of the mean
	burst          float64       // standard deviation of the factor's logarithm; 0: no bursts
	prompt, answer float64       // mean tokens
}

const (
	memory = 10 * time.Minute // after which a burst is forgotten, but for a factor of e
	spread = 0.8              // standard deviation of the logarithm of token counts: some are ten times the median
)

// trace draws the arrivals: the same for the same seed.
func (s synthetic) trace() trace {
	rng := rand.New(rand.NewPCG(s.seed, 2))
	keep := math.Exp(-float64(time.Minute) / float64(memory))
	wander := rng.NormFloat64() * s.burst
	made := trace{span: s.span}
	for minute := time.Duration(0); minute < s.span; minute += time.Minute {
		share := float64(minute%(24*time.Hour)) / float64(24*time.Hour)
		burst := math.Exp(wander - s.burst*s.burst/2) // one in the mean
		rate := s.rate * day.Demand(share, s.amplitude) * burst
		made.arrivals = append(made.arrivals, s.within(minute, rate, rng)...)
		wander = keep*wander + math.Sqrt(1-keep*keep)*s.burst*rng.NormFloat64()
	}
	return made
}

// within draws the arrivals of one minute at a rate per second.
func (s synthetic) within(minute time.Duration, rate float64, rng *rand.Rand) (arrivals []arrival) {
	end := min(minute+time.Minute, s.span)
	for at := minute; ; {
		at += time.Duration(min(rng.ExpFloat64()/rate, 3600) * float64(time.Second)) // a rate of 0 waits for ever
		if at >= end {
			return arrivals
		}
		arrivals = append(arrivals, arrival{at, tokens(rng, s.prompt), tokens(rng, s.answer)})
	}
}

// tokens draws a log-normal number of tokens with a mean.
func tokens(rng *rand.Rand, mean float64) int {
	n := mean * math.Exp(spread*rng.NormFloat64()-spread*spread/2)
	return max(1, int(math.Round(n)))
}

// write writes a trace as read reads it.
func (t trace) write(target io.Writer) error {
	out := bufio.NewWriter(target)
	fmt.Fprintln(out, "ts,prompt_tokens,output_tokens")
	for _, a := range t.arrivals {
		fmt.Fprintf(out, "%.3f,%d,%d\n", a.at.Seconds(), a.prompt, a.answer)
	}
	return out.Flush()
}
