package load

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// sent is one request as a server sees it.
type sent struct {
	at      time.Duration // since the start
	address string
	prompt  int
}

// aReplay sends to servers a and b that take a time to answer; what they see is in the list.
func aReplay(takes time.Duration, seen *[]sent) replay {
	var mu sync.Mutex
	start := time.Now()
	return replay{
		trace: trace{[]arrival{{0, 1, 1}, {seconds(10), 2, 1}, {seconds(30), 3, 1}}, seconds(40)},
		speed: 10, targets: newTargets([]string{"a", "b"}, false),
		ask: func(ctx context.Context, address string, a arrival) outcome {
			mu.Lock()
			*seen = append(*seen, sent{time.Since(start), address, a.prompt})
			mu.Unlock()
			if !sleep(ctx, takes) {
				return outcome{err: errors.New("cut off")}
			}
			return outcome{tokens: 1, first: takes, complete: takes}
		},
	}
}

func TestReplay(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*replay)
		want   []sent
	}{
		{"at its speed, in turn", func(*replay) {}, []sent{{0, "a", 1}, {seconds(1), "b", 2}, {seconds(3), "a", 3}}},
		{"faster", func(r *replay) { r.speed = 20 }, []sent{{0, "a", 1}, {seconds(0.5), "b", 2}, {seconds(1.5), "a", 3}}},
		{"limited", func(r *replay) { r.limit = 2 }, []sent{{0, "a", 1}, {seconds(1), "b", 2}}},
		{"for a time", func(r *replay) { r.duration = seconds(3) }, []sent{{0, "a", 1}, {seconds(1), "b", 2}}},
		{
			"again and again", func(r *replay) { r.loop, r.limit = true, 5 },
			[]sent{{0, "a", 1}, {seconds(1), "b", 2}, {seconds(3), "a", 3}, {seconds(4), "b", 1}, {seconds(5), "a", 2}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var seen []sent
				r := aReplay(time.Minute, &seen) // no answer is there before the last request: the loop is open
				c.change(&r)
				s := r.run(context.Background(), io.Discard)
				if !slices.Equal(seen, c.want) {
					t.Errorf("got %v, want %v", seen, c.want)
				}
				if s.Requests != len(c.want) || s.Completed != len(c.want) || s.Late.Max != 0 {
					t.Errorf("got %+v", s)
				}
			})
		})
	}
}

func TestReplayEndsWhenTold(t *testing.T) {
	for _, c := range []struct {
		name              string
		takes             time.Duration
		completed, errors int
	}{
		{"answers under way may end", seconds(5), 2, 0},
		{"but not for ever", time.Hour, 0, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var seen []sent
				r := aReplay(c.takes, &seen)
				ctx, end := context.WithTimeout(context.Background(), seconds(2)) // before the third request
				defer end()
				start := time.Now()
				s := r.run(ctx, io.Discard)
				if s.Requests != 2 || s.Completed != c.completed || s.Errors != c.errors {
					t.Errorf("got %+v", s)
				}
				if took := time.Since(start); took > seconds(2)+patience {
					t.Errorf("took %s", took)
				}
			})
		})
	}
}

func TestProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen []sent
		r, text := aReplay(seconds(1.5), &seen), new(strings.Builder)
		r.progress = seconds(2)
		r.run(context.Background(), text)
		want := "apps load: 2 s, 2 sent, 1 under way, 1 completed, 0 rejected, 0 errors, first token p95 1.500 s\n"
		if first, _, _ := strings.Cut(text.String(), "apps load: 3"); first != want {
			t.Errorf("got %q", text)
		}
	})
}

func TestTargets(t *testing.T) {
	for _, c := range []struct {
		name  string
		least bool
		done  []int // after the third request
		want  []int
	}{
		{"in turn", false, []int{1}, []int{0, 1, 2, 0}},
		{"to the idle one", true, []int{1}, []int{0, 1, 2, 1}},
		{"in turn among equals", true, nil, []int{0, 1, 2, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			targets := newTargets([]string{"a", "b", "c"}, c.least)
			got := []int{targets.choose(), targets.choose(), targets.choose()}
			for _, chosen := range c.done {
				targets.done(chosen)
			}
			if got = append(got, targets.choose()); !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestSummary(t *testing.T) {
	start := time.Unix(0, 0)
	tally := newTally(start)
	for range 6 {
		tally.send(0, start)
	}
	a := arrival{0, 10, 5}
	tally.add(a, outcome{tokens: 5, first: seconds(1), complete: seconds(3)}, start)
	tally.add(a, outcome{tokens: 1, first: seconds(2), complete: seconds(2)}, start)
	tally.add(a, outcome{rejected: true}, start)
	tally.add(a, outcome{tokens: 3, err: errors.New("broke off")}, start)
	tally.add(a, outcome{err: errors.New("broke off")}, start.Add(seconds(4)))
	s := tally.summary()
	if s.Requests != 6 || s.Completed != 2 || s.Rejected != 1 || s.Errors != 2 || s.Causes["broke off"] != 2 {
		t.Errorf("got %+v", s)
	}
	if s.PromptTokens != 20 || s.OutputTokens != 9 || s.SentRate != 1.5 || s.Rate != 0.5 {
		t.Errorf("got %+v", s)
	}
	// Between tokens: only the first request has more than one, four gaps in two seconds.
	if *s.Next != (Quantiles{0.5, 0.5, 0.5, 0.5}) || *s.First != (Quantiles{1, 2, 2, 2}) || *s.Whole != (Quantiles{2, 3, 3, 3}) {
		t.Errorf("got %+v %+v %+v", *s.First, *s.Next, *s.Whole)
	}
}

func TestQuantiles(t *testing.T) {
	var hundred []time.Duration
	for i := 100; i > 0; i-- {
		hundred = append(hundred, seconds(float64(i)))
	}
	for _, c := range []struct {
		name   string
		values []time.Duration
		want   *Quantiles
	}{
		{"none", nil, nil},
		{"one", hundred[:1], &Quantiles{100, 100, 100, 100}},
		{"a hundred", hundred, &Quantiles{50, 95, 99, 100}},
		{"ten", hundred[90:], &Quantiles{5, 10, 10, 10}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := quantiles(c.values)
			if (got == nil) != (c.want == nil) || got != nil && *got != *c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}
