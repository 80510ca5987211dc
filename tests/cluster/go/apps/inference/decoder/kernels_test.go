package decoder

import (
	"math"
	"math/rand/v2"
	"testing"
)

func numbers(rng *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	return x
}

func TestProductIsTheSumOfProducts(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, c := range []struct {
		name             string
		n, height, width int
	}{
		{"one vector", 1, 8, 12},
		{"a batch", 5, 12, 8},
		{"narrow", 3, 4, 1},
		{"as in a model", 2, 96, 32},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, x := numbers(rng, c.height*c.width), numbers(rng, c.n*c.width)
			out := make([]float32, c.n*c.height)
			product(out, w, x, c.n, c.height, 0, c.height)
			for v := range c.n {
				for i := range c.height {
					var want float64
					for j := range c.width {
						want += float64(w[i*c.width+j]) * float64(x[v*c.width+j])
					}
					if got := float64(out[v*c.height+i]); math.Abs(got-want) > 1e-4 {
						t.Fatalf("vector %d, row %d: got %g, want %g", v, i, got, want)
					}
				}
			}
		})
	}
}

func TestProductWritesItsRowsOnly(t *testing.T) {
	w, x, out := []float32{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, []float32{1}, make([]float32, 12)
	product(out, w, x, 1, 12, 4, 8)
	for i, got := range out {
		want := float32(0)
		if i >= 4 && i < 8 {
			want = w[i]
		}
		if got != want {
			t.Errorf("row %d: got %g, want %g", i, got, want)
		}
	}
}

func TestSoftmax(t *testing.T) {
	ln2 := float32(math.Ln2)
	for _, c := range []struct {
		name         string
		scores, want []float32
	}{
		{"one", []float32{-7}, []float32{1}},
		{"equal", []float32{3, 3, 3, 3}, []float32{.25, .25, .25, .25}},
		{"twice as likely", []float32{0, ln2}, []float32{1. / 3, 2. / 3}},
		{"large scores do not overflow", []float32{1e4, 1e4 - ln2}, []float32{2. / 3, 1. / 3}},
		{"far behind is nothing", []float32{0, -1e4}, []float32{1, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			softmax(c.scores)
			for i, got := range c.scores {
				if math.Abs(float64(got-c.want[i])) > 1e-3 { // a score near 1e4 is known to a thousandth
					t.Errorf("share %d: got %g, want %g", i, got, c.want[i])
				}
			}
		})
	}
}

func TestSoftmaxSumsToOne(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	for n := 1; n < 600; n = 2*n + 1 {
		shares, sum := numbers(rng, n), 0.0
		softmax(shares)
		for _, s := range shares {
			sum += float64(s)
		}
		if math.Abs(sum-1) > 1e-5 {
			t.Errorf("%d shares sum to %g", n, sum)
		}
	}
}

func TestNormaliseToMeanSquareOne(t *testing.T) {
	x, squares := numbers(rand.New(rand.NewPCG(3, 3)), 64), 0.0
	out := make([]float32, 64)
	normalise(out, x)
	for i, v := range out {
		squares += float64(v) * float64(v)
		if (v < 0) != (x[i] < 0) {
			t.Errorf("number %d changed its sign", i)
		}
	}
	if math.Abs(squares/64-1) > 1e-4 {
		t.Errorf("mean square %g", squares/64)
	}
}

func TestLargest(t *testing.T) {
	for _, c := range []struct {
		name   string
		scores []float32
		want   int
	}{
		{"only one", []float32{-1}, 0},
		{"last", []float32{0, 1, 2}, 2},
		{"first of equals", []float32{0, 5, 5}, 1},
		{"all below zero", []float32{-3, -1, -2}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := largest(c.scores); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}
