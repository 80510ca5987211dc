package inference

import (
	"context"
	"time"

	"vpa-inplace/tests/cluster/apps/inference/decoder"
)

// request is one prompt on its way through the engine.
type request struct {
	ctx     context.Context // ends when the client leaves
	prompt  []int
	most    int      // tokens to answer
	tokens  chan int // the answer, token by token; closed when it ends. It has room for all: no client holds up a batch
	arrived time.Time

	// Of the engine alone, from here on.
	cache    *decoder.Cache
	place    int       // tokens that were run
	answered int       // tokens that were answered
	started  time.Time // when it left the queue
	latest   time.Time // when its latest token was answered
	token    int       // that token, the next to be run
}

func newRequest(ctx context.Context, prompt []int, most int, now time.Time) *request {
	return &request{ctx: ctx, prompt: prompt, most: most, tokens: make(chan int, most), arrived: now}
}

// steps are the next tokens to run: one of the answer, or up to a number of the prompt.
func (r *request) steps(room int) []decoder.Step {
	if r.place >= len(r.prompt) {
		return []decoder.Step{{Cache: r.cache, Position: r.place, Token: r.token, Last: true}}
	}
	var steps []decoder.Step
	for place := r.place; place < min(len(r.prompt), r.place+room); place++ {
		last := place == len(r.prompt)-1
		steps = append(steps, decoder.Step{Cache: r.cache, Position: place, Token: r.prompt[place], Last: last})
	}
	return steps
}
