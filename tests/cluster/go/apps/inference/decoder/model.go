// Package decoder is a small transformer decoder with random weights: all the arithmetic of a language model, and none
// of its knowledge. A token costs as much work as in a real model of this size, so its latency depends on the CPU time
// that the process gets.
//
// The layout is Llama's: RMSNorm before each part, rotary positions, a gated feed-forward layer, no biases.
package decoder

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Size says how large a model is. Its work per token is close to Layers·13·Width² + Width·Vocab products.
type Size struct {
	Layers  int
	Width   int // numbers in a token's vector
	Heads   int
	Vocab   int
	Context int // tokens that one sequence may have, prompt and answer together
}

// widening is the width of the feed-forward layer as a multiple of the model's; three matrices of it per layer.
const widening = 3

// Check names the first thing that is wrong with a size.
func (s Size) Check() error {
	switch {
	case s.Layers < 1 || s.Heads < 1 || s.Context < 2:
		return fmt.Errorf("a model needs a layer, a head and a context of two tokens; it got %d, %d and %d", s.Layers, s.Heads, s.Context)
	case s.Width < 1 || s.Width%(2*s.Heads) != 0:
		return fmt.Errorf("the width must be a multiple of twice the heads (%d), as positions turn pairs of numbers; it is %d", 2*s.Heads, s.Width)
	case s.Width%rows != 0:
		return fmt.Errorf("the width must be a multiple of %d; it is %d", rows, s.Width)
	case s.Vocab < rows || s.Vocab%rows != 0:
		return fmt.Errorf("the vocabulary must be a multiple of %d; it is %d", rows, s.Vocab)
	}
	return nil
}

// head is how many numbers of a token's vector one head looks at.
func (s Size) head() int { return s.Width / s.Heads }

// Products is how many multiplications a token costs, attention apart.
func (s Size) Products() int { return s.Layers*(4+3*widening)*s.Width*s.Width + s.Width*s.Vocab }

// layer holds the matrices of one layer, each row by row.
type layer struct {
	query, key, value, out []float32 // (width, width)
	gate, up               []float32 // (widening·width, width)
	down                   []float32 // (width, widening·width)
}

// weights are everything that a trained model would have learnt.
type weights struct {
	embedding []float32 // (vocab, width)
	layers    []layer
	scores    []float32 // (vocab, width): from the last vector to a score for each token
	cos, sin  []float32 // (context, head/2): how far each pair of numbers is turned at a position
}

// draw makes random weights: the same for the same seed and size. Each is scaled by its inputs, so that numbers keep
// their size from layer to layer.
func draw(s Size, seed uint64) weights {
	rng := rand.New(rand.NewPCG(seed, 0))
	matrix := func(height, width int, scale float64) []float32 {
		w := make([]float32, height*width)
		for i := range w {
			w[i] = float32(rng.NormFloat64() * scale)
		}
		return w
	}
	narrow, wide := 1/math.Sqrt(float64(s.Width)), 1/math.Sqrt(float64(widening*s.Width))
	w := weights{embedding: matrix(s.Vocab, s.Width, 1), layers: make([]layer, s.Layers)}
	for i := range w.layers {
		w.layers[i] = layer{
			query: matrix(s.Width, s.Width, narrow),
			key:   matrix(s.Width, s.Width, narrow),
			value: matrix(s.Width, s.Width, narrow),
			out:   matrix(s.Width, s.Width, narrow),
			gate:  matrix(widening*s.Width, s.Width, narrow),
			up:    matrix(widening*s.Width, s.Width, narrow),
			down:  matrix(s.Width, widening*s.Width, wide),
		}
	}
	w.scores = matrix(s.Vocab, s.Width, narrow)
	w.cos, w.sin = turns(s)
	return w
}

// turns tabulates the rotary positions of RoFormer (Su et al. 2021): pair i of a head turns by position/10000^(2i/head).
func turns(s Size) (cos, sin []float32) {
	half := s.head() / 2
	cos, sin = make([]float32, s.Context*half), make([]float32, s.Context*half)
	for position := range s.Context {
		for i := range half {
			angle := float64(position) * math.Pow(10000, -float64(i)/float64(half))
			cos[position*half+i], sin[position*half+i] = float32(math.Cos(angle)), float32(math.Sin(angle))
		}
	}
	return cos, sin
}
