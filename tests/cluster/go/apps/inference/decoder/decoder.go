package decoder

import "math"

// Decoder runs tokens through a model. One caller at a time.
type Decoder struct {
	size    Size
	weights weights
	crew    *crew
	space   space
}

// Cache remembers the keys and values of one sequence, so that each token is computed once. It may be used again for
// another sequence, which overwrites it from its first position on.
type Cache struct {
	keys, values []float32 // (layers, context, width)
}

// Step is one token of one sequence, at a position whose predecessors were run before or come earlier in the same batch.
type Step struct {
	Cache    *Cache
	Position int
	Token    int
	Last     bool // whether the token after this one is asked for
}

// space is where a batch is computed: vectors of all its steps one after the other.
type space struct {
	batch                        int
	x, normal, query, key, value []float32 // (batch, width)
	mixed, change                []float32 // (batch, width)
	gate, up                     []float32 // (batch, widening·width)
	last, scores                 []float32 // (batch, width), (batch, vocab)
	attention                    []float32 // (batch, heads, context)
}

// New draws a model and readies it for batches of up to batch steps on some threads.
func New(size Size, seed uint64, batch, threads int) *Decoder {
	numbers := func(each int) []float32 { return make([]float32, batch*each) }
	return &Decoder{
		size:    size,
		weights: draw(size, seed),
		crew:    newCrew(threads),
		space: space{
			batch: batch,
			x:     numbers(size.Width), normal: numbers(size.Width), query: numbers(size.Width),
			key: numbers(size.Width), value: numbers(size.Width), mixed: numbers(size.Width), change: numbers(size.Width),
			gate: numbers(widening * size.Width), up: numbers(widening * size.Width),
			last: numbers(size.Width), scores: numbers(size.Vocab),
			attention: numbers(size.Heads * size.Context),
		},
	}
}

// NewCache makes room for one sequence.
func (d *Decoder) NewCache() *Cache {
	numbers := d.size.Layers * d.size.Context * d.size.Width
	return &Cache{keys: make([]float32, numbers), values: make([]float32, numbers)}
}

// Close ends the decoder's threads.
func (d *Decoder) Close() { d.crew.dismiss() }

// Next runs a batch and gives back the most likely next token for each step that is marked Last, in their order.
func (d *Decoder) Next(steps []Step) []int {
	var tokens []int
	for scores := d.Scores(steps); len(scores) > 0; scores = scores[d.size.Vocab:] {
		tokens = append(tokens, largest(scores[:d.size.Vocab]))
	}
	return tokens
}

// Scores runs a batch and gives back vocab scores for each step that is marked Last; they hold until the next batch.
func (d *Decoder) Scores(steps []Step) []float32 {
	s, width := &d.space, d.size.Width
	for i, step := range steps {
		copy(s.x[i*width:], d.weights.embedding[step.Token*width:][:width])
	}
	for i := range d.weights.layers {
		d.attend(i, steps)
		d.feedForward(i, len(steps))
	}
	last := 0
	for i, step := range steps {
		if step.Last {
			normalise(s.last[last*width:][:width], s.x[i*width:][:width])
			last++
		}
	}
	d.multiply(s.scores, d.weights.scores, s.last, last, d.size.Vocab)
	return s.scores[:last*d.size.Vocab]
}

// attend adds to each step's vector what it takes from the tokens up to its own.
func (d *Decoder) attend(number int, steps []Step) {
	s, n, width := &d.space, len(steps), d.size.Width
	layer := &d.weights.layers[number]
	d.normalise(n)
	d.multiply(s.query, layer.query, s.normal, n, width)
	d.multiply(s.key, layer.key, s.normal, n, width)
	d.multiply(s.value, layer.value, s.normal, n, width)
	for i, step := range steps {
		query, key := s.query[i*width:][:width], s.key[i*width:][:width]
		d.turn(query, step.Position)
		d.turn(key, step.Position)
		place := (number*d.size.Context + step.Position) * width
		copy(step.Cache.keys[place:], key)
		copy(step.Cache.values[place:], s.value[i*width:][:width])
	}
	d.crew.share(n*d.size.Heads, 1, func(from, to int) {
		for task := from; task < to; task++ {
			d.look(number, steps, task/d.size.Heads, task%d.size.Heads)
		}
	})
	d.multiply(s.change, layer.out, s.mixed, n, width)
	add(s.x[:n*width], s.change[:n*width])
}

// look lets one head of one step mix the values of all positions up to its own, each by how well its key fits.
func (d *Decoder) look(number int, steps []Step, i, head int) {
	s, width, size := &d.space, d.size.Width, d.size.head()
	step, offset := steps[i], head*size
	begin := number * d.size.Context * width
	keys, values := step.Cache.keys[begin+offset:], step.Cache.values[begin+offset:]
	query, mixed := s.query[i*width+offset:][:size], s.mixed[i*width+offset:][:size]
	shares := s.attention[(i*d.size.Heads+head)*d.size.Context:][:step.Position+1]
	scale := float32(1 / math.Sqrt(float64(size)))
	for position := range shares {
		var fit float32
		for j, k := range keys[position*width:][:size] {
			fit += query[j] * k
		}
		shares[position] = fit * scale
	}
	softmax(shares)
	clear(mixed)
	for position, share := range shares {
		for j, v := range values[position*width:][:size] {
			mixed[j] += share * v
		}
	}
}

// feedForward adds to each step's vector what the gated layer makes of it.
func (d *Decoder) feedForward(number, n int) {
	s, width := &d.space, d.size.Width
	layer := &d.weights.layers[number]
	d.normalise(n)
	d.multiply(s.gate, layer.gate, s.normal, n, widening*width)
	d.multiply(s.up, layer.up, s.normal, n, widening*width)
	d.crew.share(n*widening*width, 1, func(from, to int) {
		for i := from; i < to; i++ {
			s.up[i] *= silu(s.gate[i])
		}
	})
	d.multiply(s.change, layer.down, s.up, n, width)
	add(s.x[:n*width], s.change[:n*width])
}

// multiply computes w·x for n vectors on all threads; the width of x follows from its room for a whole batch.
func (d *Decoder) multiply(out, w, x []float32, n, height int) {
	if n == 0 {
		return
	}
	x = x[:n*len(x)/d.space.batch]
	d.crew.share(height, rows, func(from, to int) { product(out, w, x, n, height, from, to) })
}

func (d *Decoder) normalise(n int) {
	width := d.size.Width
	for i := range n {
		normalise(d.space.normal[i*width:][:width], d.space.x[i*width:][:width])
	}
}

// turn rotates each pair of a query or key by its position, head by head.
func (d *Decoder) turn(vector []float32, position int) {
	half := d.size.head() / 2
	cos, sin := d.weights.cos[position*half:][:half], d.weights.sin[position*half:][:half]
	for ; len(vector) > 0; vector = vector[2*half:] {
		a, b := vector[:half], vector[half:][:half]
		for i := range half {
			a[i], b[i] = a[i]*cos[i]-b[i]*sin[i], a[i]*sin[i]+b[i]*cos[i]
		}
	}
}
