package load

import (
	"bytes"
	"math"
	"slices"
	"testing"
	"time"
)

var aDay = synthetic{seed: 1, span: 24 * time.Hour, rate: 0.5, amplitude: 0.6, burst: 0.6, prompt: 96, answer: 48}

func with(change func(*synthetic)) trace {
	s := aDay
	change(&s)
	return s.trace()
}

func TestSyntheticMeans(t *testing.T) {
	week := with(func(s *synthetic) { s.span *= 7 })
	n := float64(len(week.arrivals))
	var prompts, answers float64
	for _, a := range week.arrivals {
		prompts, answers = prompts+float64(a.prompt), answers+float64(a.answer)
	}
	for _, c := range []struct {
		name      string
		got, want float64
		within    float64 // as a fraction
	}{
		// Bursts last 20 minutes, so a week has some 500 of them, each with a factor of standard deviation 0.66.
		{"requests", n, 0.5 * 7 * 86400, 0.1},
		{"prompt tokens", prompts / n, 96, 0.01},
		{"answer tokens", answers / n, 48, 0.01},
	} {
		if math.Abs(c.got/c.want-1) > c.within {
			t.Errorf("%s: got %g, want %g", c.name, c.got, c.want)
		}
	}
}

// perMinute counts arrivals in each minute from a time on.
func perMinute(made trace, from, to time.Duration) []float64 {
	counts := make([]float64, (to-from)/time.Minute)
	for _, a := range made.arrivals {
		if a.at >= from && a.at < to {
			counts[(a.at-from)/time.Minute]++
		}
	}
	return counts
}

func moments(x []float64) (mean, variance float64) {
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		variance += (v - mean) * (v - mean) / float64(len(x)-1)
	}
	return mean, variance
}

func TestSyntheticFollowsTheDay(t *testing.T) {
	steady := with(func(s *synthetic) { s.burst = 0 })
	night, _ := moments(perMinute(steady, 0, time.Hour))
	noon, _ := moments(perMinute(steady, 12*time.Hour, 13*time.Hour))
	// 30 requests a minute times 0.4 and 1.6; 60 minutes of a Poisson process have a standard error of 0.5 and 0.9.
	if math.Abs(night-12) > 2 || math.Abs(noon-48) > 4 {
		t.Errorf("%g a minute at night and %g at noon, want 12 and 48", night, noon)
	}
}

func TestSyntheticIsBursty(t *testing.T) {
	for _, c := range []struct {
		name  string
		burst float64
		low   float64 // variance over mean of the counts per minute: 1 for a Poisson process
		high  float64
	}{
		{"none", 0, 0.9, 1.1},
		// With factor variance e^(0.6²)-1 = 0.43, the law of total variance gives 1 + 30·0.43 = 14.
		{"some", 0.6, 7, 28},
	} {
		t.Run(c.name, func(t *testing.T) {
			flat := with(func(s *synthetic) { s.amplitude, s.burst, s.span = 0, c.burst, 7*24*time.Hour })
			mean, variance := moments(perMinute(flat, 0, flat.span))
			if got := variance / mean; got < c.low || got > c.high {
				t.Errorf("variance over mean %.2f, want from %g to %g", got, c.low, c.high)
			}
		})
	}
}

func TestSyntheticBySeed(t *testing.T) {
	same := with(func(*synthetic) {})
	other := with(func(s *synthetic) { s.seed = 2 })
	if !slices.Equal(with(func(*synthetic) {}).arrivals, same.arrivals) {
		t.Error("the same seed made another trace")
	}
	if slices.Equal(other.arrivals, same.arrivals) {
		t.Error("another seed made the same trace")
	}
}

func TestSyntheticIsReadAsWritten(t *testing.T) {
	made := with(func(s *synthetic) { s.span = 100 * time.Minute })
	var text bytes.Buffer
	if err := made.write(&text); err != nil {
		t.Fatal(err)
	}
	again, err := read(&text)
	if err != nil {
		t.Fatal(err)
	}
	first := made.arrivals[0].at
	for i, a := range again.arrivals {
		want := made.arrivals[i]
		if d := a.at - (want.at - first); d.Abs() > 2*time.Millisecond || a.prompt != want.prompt || a.answer != want.answer {
			t.Fatalf("request %d: got %v, want %v", i, a, want)
		}
	}
	if len(again.arrivals) != len(made.arrivals) {
		t.Errorf("%d of %d requests", len(again.arrivals), len(made.arrivals))
	}
}

func TestEveryMinuteEndsInTheSpan(t *testing.T) {
	made := with(func(s *synthetic) { s.span, s.rate = 90*time.Second, 5 })
	last := made.arrivals[len(made.arrivals)-1].at
	if last >= 90*time.Second || last < time.Minute {
		t.Errorf("the last of a minute and a half comes at %s", last)
	}
	if !slices.IsSortedFunc(made.arrivals, func(a, b arrival) int { return int(a.at - b.at) }) {
		t.Error("not in order")
	}
}
