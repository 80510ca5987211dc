package load

import (
	"math"
	"slices"
	"sync"
	"time"
)

// tally collects outcomes while a trace is replayed.
type tally struct {
	mu            sync.Mutex
	sent          int
	promptTokens  int // of requests that were answered
	answerTokens  int // also of answers that broke off
	rejected      int
	errors        map[string]int
	first, next   []time.Duration // to the first token; between tokens, the mean of each request
	whole, late   []time.Duration // to the last token; behind the trace's time when sent
	begin, latest time.Time       // of the replay; of what happened last
}

func newTally(begin time.Time) *tally {
	return &tally{errors: map[string]int{}, begin: begin, latest: begin}
}

func (t *tally) send(late time.Duration, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sent++
	t.late = append(t.late, late)
	t.latest = now
}

func (t *tally) add(a arrival, o outcome, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.latest = now
	t.answerTokens += o.tokens
	switch {
	case o.rejected:
		t.rejected++
		return
	case o.err != nil:
		t.errors[o.err.Error()]++
		return
	}
	t.promptTokens += a.prompt
	t.first = append(t.first, o.first)
	t.whole = append(t.whole, o.complete)
	if o.tokens > 1 {
		t.next = append(t.next, (o.complete-o.first)/time.Duration(o.tokens-1))
	}
}

// Summary is what load prints at its end.
type Summary struct {
	Requests     int            `json:"requests"` // sent: those below, together
	Completed    int            `json:"completed"`
	Rejected     int            `json:"rejected"` // 429
	Errors       int            `json:"errors"`
	Causes       map[string]int `json:"causes,omitempty"` // of errors
	PromptTokens int            `json:"prompt_tokens"`
	OutputTokens int            `json:"output_tokens"`
	Seconds      float64        `json:"seconds"`
	SentRate     float64        `json:"sent_per_second"`
	Rate         float64        `json:"completed_per_second"`
	First        *Quantiles     `json:"ttft_seconds"` // null if there are none, as below
	Next         *Quantiles     `json:"time_per_output_token_seconds"`
	Whole        *Quantiles     `json:"e2e_seconds"`
	Late         *Quantiles     `json:"lateness_seconds"` // of ourselves: if it is not small, the load was not the trace's
}

// Quantiles are of values in seconds.
type Quantiles struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

func (t *tally) summary() Summary {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := Summary{
		Requests: t.sent, Completed: len(t.whole), Rejected: t.rejected, Causes: t.errors,
		PromptTokens: t.promptTokens, OutputTokens: t.answerTokens, Seconds: t.latest.Sub(t.begin).Seconds(),
		First: quantiles(t.first), Next: quantiles(t.next), Whole: quantiles(t.whole), Late: quantiles(t.late),
	}
	for _, n := range t.errors {
		s.Errors += n
	}
	if s.Seconds > 0 {
		s.SentRate, s.Rate = float64(s.Requests)/s.Seconds, float64(s.Completed)/s.Seconds
	}
	return s
}

// quantiles are by nearest rank: each is a value that was seen.
func quantiles(values []time.Duration) *Quantiles {
	if len(values) == 0 {
		return nil
	}
	sorted := slices.Sorted(slices.Values(values))
	at := func(q float64) float64 {
		return sorted[max(0, int(math.Ceil(q*float64(len(sorted))))-1)].Seconds()
	}
	return &Quantiles{at(0.50), at(0.95), at(0.99), at(1)}
}
