package inference

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"vpa-inplace/tests/cluster/apps/inference/decoder"
)

// errFull says that the queue has no room.
var errFull = errors.New("the queue is full; try again later")

// model is the arithmetic that the engine needs: decoder.Decoder in earnest.
type model interface {
	NewCache() *decoder.Cache
	Next(steps []decoder.Step) []int
}

// engine runs requests in batches that change with every step, as vLLM does: a request joins as soon as a place is
// free and leaves when its answer is complete; long prompts are cut into chunks between the tokens of the others.
type engine struct {
	model   model
	limits  limits
	metrics metrics
	now     func() time.Time

	mu      sync.Mutex
	waiting []*request
	arrival chan struct{} // has something in it when requests may be waiting

	running []*request // of the loop alone
	free    []*decoder.Cache
	load    atomic.Int64 // running requests, for others to read
	cached  atomic.Int64 // tokens in the caches of running requests
}

// limits bound what the engine takes on.
type limits struct {
	Batch   int // requests that run together
	Tokens  int // tokens in one step: the answers' first, the rest for prompts
	Queue   int // requests that wait
	Context int // tokens of prompt and answer
}

// newEngine sets aside a cache for each place in the batch. The kernel gives memory as tokens fill it.
func newEngine(m model, l limits, now func() time.Time) *engine {
	e := &engine{model: m, limits: l, now: now, arrival: make(chan struct{}, 1)}
	for range l.Batch {
		e.free = append(e.free, m.NewCache())
	}
	return e
}

// levels are the gauges of this engine.
func (e *engine) levels() levels {
	places := float64(e.limits.Batch * e.limits.Context)
	return levels{
		running:    func() float64 { return float64(e.load.Load()) },
		waiting:    func() float64 { return float64(e.queued()) },
		cacheUsage: func() float64 { return float64(e.cached.Load()) / places },
	}
}

func (e *engine) queued() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.waiting)
}

// submit puts a request into the queue, or gives back errFull.
func (e *engine) submit(r *request) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.waiting) >= e.limits.Queue {
		return errFull
	}
	e.waiting = append(e.waiting, r)
	select {
	case e.arrival <- struct{}{}:
	default:
	}
	return nil
}

// run works until the context ends; what is under way then is dropped.
func (e *engine) run(ctx context.Context) {
	for ctx.Err() == nil {
		if e.step() {
			continue
		}
		select {
		case <-e.arrival:
		case <-ctx.Done():
		}
	}
	e.drop(func(*request) bool { return true })
}

// step runs one batch; false if there was nothing to run.
func (e *engine) step() bool {
	e.drop(func(r *request) bool { return r.ctx.Err() != nil })
	e.admit()
	steps, owners := e.batch()
	if len(steps) == 0 {
		return false
	}
	tokens := e.model.Next(steps)
	now := e.now()
	for i, step := range steps {
		owner := owners[i]
		owner.place++
		if step.Last {
			e.answer(owner, tokens[0], now)
			tokens = tokens[1:]
		}
	}
	e.leave()
	return true
}

// admit moves requests from the queue to free places in the batch, first come first served.
func (e *engine) admit() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for len(e.waiting) > 0 && len(e.free) > 0 {
		r := e.waiting[0]
		e.waiting = e.waiting[1:]
		last := len(e.free) - 1
		r.cache, e.free = e.free[last], e.free[:last]
		r.started = e.now()
		e.running = append(e.running, r)
	}
	e.count()
}

// count lets others read how many requests and tokens are in the batch.
func (e *engine) count() {
	cached := 0
	for _, r := range e.running {
		cached += r.place
	}
	e.load.Store(int64(len(e.running)))
	e.cached.Store(int64(cached))
}

// batch puts together the tokens to run, each with the request that owns it: one of each answer, then prompts in the
// order of their arrival as far as there is room.
func (e *engine) batch() (steps []decoder.Step, owners []*request) {
	add := func(r *request, more []decoder.Step) {
		steps = append(steps, more...)
		for range more {
			owners = append(owners, r)
		}
	}
	for _, r := range e.running {
		if r.place >= len(r.prompt) {
			add(r, r.steps(1))
		}
	}
	for _, r := range e.running {
		if r.place < len(r.prompt) {
			add(r, r.steps(e.limits.Tokens-len(steps)))
		}
	}
	return steps, owners
}

// answer hands a token to the client and tells how long it took.
func (e *engine) answer(r *request, token int, now time.Time) {
	if r.answered == 0 {
		e.metrics.promptTokens(len(r.prompt))
		observe(e.metrics.firstToken, now.Sub(r.arrived))
	} else {
		observe(e.metrics.nextToken, now.Sub(r.latest))
	}
	e.metrics.answerTokens(1)
	r.token, r.latest = token, now
	r.answered++
	r.tokens <- token
	if r.answered == r.most {
		observe(e.metrics.whole, now.Sub(r.arrived))
		observe(e.metrics.queued, r.started.Sub(r.arrived))
		e.metrics.finished(lengthReached)
		close(r.tokens)
	}
}

// leave frees the places of requests that are answered.
func (e *engine) leave() {
	e.running = e.keep(e.running, func(r *request) bool { return r.answered < r.most })
	e.count()
}

// drop ends requests before they are answered.
func (e *engine) drop(gone func(*request) bool) {
	stays := func(r *request) bool {
		if !gone(r) {
			return true
		}
		e.metrics.finished(clientLeft)
		close(r.tokens)
		return false
	}
	e.running = e.keep(e.running, stays)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.waiting = e.keep(e.waiting, stays)
}

// keep leaves out of a list the requests that do not stay, and takes their caches back.
func (e *engine) keep(list []*request, stays func(*request) bool) []*request {
	var kept []*request
	for _, r := range list {
		if stays(r) {
			kept = append(kept, r)
		} else if r.cache != nil {
			e.free = append(e.free, r.cache)
		}
	}
	return kept
}
