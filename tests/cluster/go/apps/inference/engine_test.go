package inference

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"vpa-inplace/tests/cluster/apps/inference/decoder"
)

// record keeps what an engine tells.
type record struct {
	firstToken, nextToken, whole, queued []float64 // seconds
	promptTokens, answerTokens           int
	finished                             map[string]int
}

func (r *record) metrics() metrics {
	into := func(list *[]float64) prometheus.Observer {
		return prometheus.ObserverFunc(func(v float64) { *list = append(*list, v) })
	}
	r.finished = map[string]int{}
	return metrics{
		firstToken: into(&r.firstToken), nextToken: into(&r.nextToken), whole: into(&r.whole), queued: into(&r.queued),
		promptTokens: func(n int) { r.promptTokens += n },
		answerTokens: func(n int) { r.answerTokens += n },
		finished:     func(reason string) { r.finished[reason]++ },
	}
}

// slow is a model whose every batch takes a tenth of a second, and whose answer is the position.
type slow struct {
	clock   time.Duration
	batches [][]int // the positions of each
}

func (s *slow) NewCache() *decoder.Cache { return new(decoder.Cache) }

func (s *slow) Next(steps []decoder.Step) (tokens []int) {
	var positions []int
	for _, step := range steps {
		positions = append(positions, step.Position)
		if step.Last {
			tokens = append(tokens, step.Position)
		}
	}
	s.batches = append(s.batches, positions)
	s.clock += 100 * time.Millisecond
	return tokens
}

func (s *slow) now() time.Time { return time.Unix(0, 0).Add(s.clock) }

type scene struct {
	*engine
	model *slow
	told  *record
}

func aScene(l limits) scene {
	model, told := &slow{}, &record{}
	e := newEngine(model, l, model.now)
	e.metrics = told.metrics()
	return scene{e, model, told}
}

func (s scene) ask(t *testing.T, ctx context.Context, prompt, most int) *request {
	t.Helper()
	r := newRequest(ctx, make([]int, prompt), most, s.now())
	if err := s.submit(r); err != nil {
		t.Fatal(err)
	}
	return r
}

func (s scene) untilIdle() {
	for s.step() {
	}
}

func TestLatenciesAreThoseOfTheSteps(t *testing.T) {
	s := aScene(limits{Batch: 1, Tokens: 4, Queue: 9, Context: 32})
	s.ask(t, context.Background(), 6, 3) // prompt in two steps, then two more for the second and third token
	s.ask(t, context.Background(), 1, 1) // waits for these four steps, runs one
	s.untilIdle()
	for _, c := range []struct {
		name      string
		got, want []float64
	}{
		{"first token", s.told.firstToken, []float64{0.2, 0.5}},
		{"next token", s.told.nextToken, []float64{0.1, 0.1}},
		{"whole request", s.told.whole, []float64{0.4, 0.5}},
		{"queue", s.told.queued, []float64{0, 0.4}},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s: got %v s, want %v s", c.name, c.got, c.want)
		}
	}
	if s.told.promptTokens != 7 || s.told.answerTokens != 4 || s.told.finished["length"] != 2 {
		t.Errorf("got %+v", s.told)
	}
}

func TestBatches(t *testing.T) {
	for _, c := range []struct {
		name     string
		limits   limits
		requests [][2]int // prompt and answer tokens
		want     [][]int  // positions in each step
	}{
		{
			"alone", limits{Batch: 2, Tokens: 8, Queue: 9, Context: 32}, [][2]int{{3, 3}},
			[][]int{{0, 1, 2}, {3}, {4}},
		},
		{
			"a long prompt is cut", limits{Batch: 2, Tokens: 4, Queue: 9, Context: 32}, [][2]int{{9, 1}},
			[][]int{{0, 1, 2, 3}, {4, 5, 6, 7}, {8}},
		},
		{
			"answers come before prompts", limits{Batch: 2, Tokens: 4, Queue: 9, Context: 32}, [][2]int{{2, 4}, {7, 1}},
			[][]int{{0, 1, 0, 1}, {2, 2, 3, 4}, {3, 5, 6}, {4}},
		},
		{
			"the next one takes the place that is free", limits{Batch: 1, Tokens: 4, Queue: 9, Context: 32}, [][2]int{{1, 2}, {2, 1}},
			[][]int{{0}, {1}, {0, 1}},
		},
		{
			"who came first is read first", limits{Batch: 2, Tokens: 3, Queue: 9, Context: 32}, [][2]int{{4, 1}, {2, 1}},
			[][]int{{0, 1, 2}, {3, 0, 1}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := aScene(c.limits)
			for _, r := range c.requests {
				s.ask(t, context.Background(), r[0], r[1])
			}
			s.untilIdle()
			if !slices.EqualFunc(s.model.batches, c.want, slices.Equal[[]int]) {
				t.Errorf("got %v, want %v", s.model.batches, c.want)
			}
		})
	}
}

func TestQueueIsLimited(t *testing.T) {
	s := aScene(limits{Batch: 1, Tokens: 4, Queue: 2, Context: 32})
	s.ask(t, context.Background(), 1, 1)
	s.ask(t, context.Background(), 1, 1)
	if err := s.submit(newRequest(context.Background(), []int{0}, 1, s.now())); err != errFull {
		t.Errorf("the third of two: got %v", err)
	}
	s.step()
	s.ask(t, context.Background(), 1, 1) // one has gone on
}

func TestWhoLeavesIsDropped(t *testing.T) {
	for _, c := range []struct {
		name   string
		before int // steps before the client leaves
	}{
		{"while it waits", 0},
		{"while its prompt is read", 1},
		{"while it is answered", 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := aScene(limits{Batch: 1, Tokens: 4, Queue: 9, Context: 32})
			ctx, leave := context.WithCancel(context.Background())
			gone := s.ask(t, ctx, 6, 8)
			for range c.before {
				s.step()
			}
			leave()
			stays := s.ask(t, context.Background(), 1, 1)
			s.untilIdle()
			if _, open := <-stays.tokens; !open {
				t.Error("the request behind it was not answered")
			}
			for range gone.tokens { // ends, as it is closed
			}
			if s.told.finished["abort"] != 1 || s.told.finished["length"] != 1 {
				t.Errorf("finished: %v", s.told.finished)
			}
			if l := s.levels(); l.running() != 0 || l.waiting() != 0 || l.cacheUsage() != 0 || len(s.free) != 1 {
				t.Errorf("%g running, %g waiting, %g of the cache used, %d free", l.running(), l.waiting(), l.cacheUsage(), len(s.free))
			}
		})
	}
}

func TestLevels(t *testing.T) {
	s := aScene(limits{Batch: 2, Tokens: 8, Queue: 9, Context: 10})
	for range 3 {
		s.ask(t, context.Background(), 3, 2)
	}
	s.step()
	l := s.levels()
	if l.running() != 2 || l.waiting() != 1 {
		t.Errorf("%g running and %g waiting, want 2 and 1", l.running(), l.waiting())
	}
	if got := l.cacheUsage(); got != 0.3 { // 2 prompts of 3 tokens in 2 places of 10
		t.Errorf("%g of the cache used, want 0.3", got)
	}
}

func TestTheEndDropsWhatIsUnderWay(t *testing.T) {
	s := aScene(limits{Batch: 1, Tokens: 4, Queue: 9, Context: 32})
	running, waiting := s.ask(t, context.Background(), 1, 30), s.ask(t, context.Background(), 1, 1)
	s.step()
	ended, end := context.WithCancel(context.Background())
	end()
	s.run(ended)
	for range running.tokens {
	}
	for range waiting.tokens {
	}
	if s.told.finished["abort"] != 2 {
		t.Errorf("finished: %v", s.told.finished)
	}
}

func TestBatchAnswersAsAlone(t *testing.T) {
	size := decoder.Size{Layers: 2, Width: 32, Heads: 4, Vocab: 64, Context: 40}
	answers := func(batch int) (all [][]int) {
		model := decoder.New(size, 1, 8, 2)
		defer model.Close()
		e := newEngine(model, limits{Batch: batch, Tokens: 8, Queue: 9, Context: 40}, time.Now)
		e.metrics = new(record).metrics()
		var requests []*request
		for i := range 5 {
			r := newRequest(context.Background(), invent(3+5*i, size.Vocab), 12-i, time.Now())
			if err := e.submit(r); err != nil {
				t.Fatal(err)
			}
			requests = append(requests, r)
		}
		for e.step() {
		}
		for _, r := range requests {
			all = append(all, nil)
			for token := range r.tokens {
				all[len(all)-1] = append(all[len(all)-1], token)
			}
		}
		return all
	}
	alone, together := answers(1), answers(5)
	for i := range alone {
		if !slices.Equal(alone[i], together[i]) {
			t.Errorf("request %d: %v alone, %v in a batch", i, alone[i], together[i])
		}
	}
}
