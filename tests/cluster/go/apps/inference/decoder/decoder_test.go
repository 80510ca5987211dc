package decoder

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

var small = Size{Layers: 3, Width: 32, Heads: 4, Vocab: 40, Context: 24}

const most = 24 // steps in a batch

func aDecoder(t *testing.T, seed uint64, threads int) *Decoder {
	t.Helper()
	d := New(small, seed, most, threads)
	t.Cleanup(d.Close)
	return d
}

func tokens(seed uint64, n int) []int {
	rng, out := rand.New(rand.NewPCG(seed, 9)), make([]int, n)
	for i := range out {
		out[i] = rng.IntN(small.Vocab)
	}
	return out
}

// whole is a sequence in one batch that asks for the token after each of its tokens.
func whole(cache *Cache, sequence []int) []Step {
	var steps []Step
	for i, token := range sequence {
		steps = append(steps, Step{Cache: cache, Position: i, Token: token, Last: true})
	}
	return steps
}

func TestScoresAreTheFormulas(t *testing.T) {
	for _, c := range []struct {
		name   string
		length int
	}{
		{"one token", 1},
		{"two tokens", 2},
		{"a whole context", small.Context},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, sequence := aDecoder(t, 1, 2), tokens(1, c.length)
			scores := d.Scores(whole(d.NewCache(), sequence))
			want := reference(d.weights, small, sequence)
			for i, got := range scores[(c.length-1)*small.Vocab:] {
				if math.Abs(float64(got)-want[i]) > 1e-4 {
					t.Fatalf("score of token %d: got %g, want %g", i, got, want[i])
				}
			}
		})
	}
}

func TestCachedDecodingIsRecomputing(t *testing.T) {
	d, sequence := aDecoder(t, 2, 1), tokens(2, 20)
	want := slices.Clone(d.Scores(whole(d.NewCache(), sequence)))
	cache := d.NewCache()
	for i, token := range sequence {
		got := d.Scores([]Step{{Cache: cache, Position: i, Token: token, Last: true}})
		if !slices.Equal(got, want[i*small.Vocab:][:small.Vocab]) {
			t.Fatalf("position %d: the cached scores differ from those of the whole sequence", i)
		}
	}
}

func TestBatchIsEachAlone(t *testing.T) {
	d := aDecoder(t, 3, 3)
	lengths := []int{1, 7, 12} // three sequences, each at its own position
	var want []float32
	var batch []Step
	for i, length := range lengths {
		sequence := tokens(uint64(i), length)
		alone := whole(d.NewCache(), sequence)
		want = append(want, d.Scores(alone)[(length-1)*small.Vocab:]...)

		cache := d.NewCache()
		if length > 1 {
			d.Scores(whole(cache, sequence[:length-1]))
		}
		batch = append(batch, Step{Cache: cache, Position: length - 1, Token: sequence[length-1], Last: true})
	}
	if !slices.Equal(d.Scores(batch), want) {
		t.Error("a batch gives other scores than its sequences alone")
	}
}

func TestThreadsDoNotChangeABit(t *testing.T) {
	sequence := tokens(4, 9)
	one := aDecoder(t, 4, 1)
	want := slices.Clone(one.Scores(whole(one.NewCache(), sequence)))
	for _, threads := range []int{2, 3, 7, 50} {
		d := aDecoder(t, 4, threads)
		if !slices.Equal(d.Scores(whole(d.NewCache(), sequence)), want) {
			t.Errorf("%d threads give other scores than one", threads)
		}
	}
}

func TestSeedDecides(t *testing.T) {
	sequence := tokens(5, 5)
	scores := func(seed uint64) []float32 {
		d := aDecoder(t, seed, 1)
		return slices.Clone(d.Scores(whole(d.NewCache(), sequence)))
	}
	if !slices.Equal(scores(7), scores(7)) {
		t.Error("the same seed gives other scores")
	}
	if slices.Equal(scores(7), scores(8)) {
		t.Error("another seed gives the same scores")
	}
}

func TestLaterTokensDoNotReachBack(t *testing.T) {
	d := aDecoder(t, 6, 1)
	before, after := tokens(6, 10), tokens(6, 10)
	after[9] = (after[9] + 1) % small.Vocab
	want := slices.Clone(d.Scores(whole(d.NewCache(), before)))
	got := d.Scores(whole(d.NewCache(), after))
	if !slices.Equal(got[:9*small.Vocab], want[:9*small.Vocab]) {
		t.Error("another last token changes scores before it")
	}
	if slices.Equal(got[9*small.Vocab:], want[9*small.Vocab:]) {
		t.Error("another last token does not change its own scores")
	}
}

func TestUsedCacheIsAsNew(t *testing.T) {
	d := aDecoder(t, 7, 1)
	cache := d.NewCache()
	d.Scores(whole(cache, tokens(1, 24)))
	got := slices.Clone(d.Scores(whole(cache, tokens(2, 10))))
	if !slices.Equal(got, d.Scores(whole(d.NewCache(), tokens(2, 10)))) {
		t.Error("a sequence before leaves traces in the cache")
	}
}

func TestOnlyAskedForTokensAreGiven(t *testing.T) {
	d := aDecoder(t, 8, 1)
	steps := whole(d.NewCache(), tokens(8, 6))
	all := d.Next(steps)
	for i := range steps {
		steps[i].Last = i == 2 || i == 5
	}
	if got, want := d.Next(steps), []int{all[2], all[5]}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for i := range steps {
		steps[i].Last = false
	}
	if got := d.Next(steps); len(got) != 0 {
		t.Errorf("asked for none, got %v", got)
	}
}

func TestSizes(t *testing.T) {
	for _, c := range []struct {
		name string
		size Size
		fine bool
	}{
		{"small", small, true},
		{"no layers", Size{0, 32, 4, 40, 24}, false},
		{"no heads", Size{1, 32, 0, 40, 24}, false},
		{"heads do not divide the width", Size{1, 32, 5, 40, 24}, false},
		{"a head of one number has no pairs", Size{1, 32, 32, 40, 24}, false},
		{"no width", Size{1, 0, 1, 40, 24}, false},
		{"width not in fours", Size{1, 6, 1, 40, 24}, false},
		{"vocabulary not in fours", Size{1, 32, 4, 42, 24}, false},
		{"no room for an answer", Size{1, 32, 4, 40, 1}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.size.Check(); (err == nil) != c.fine {
				t.Errorf("got %v", err)
			}
		})
	}
}

// The cost of a token by size of model: go test -bench . ./apps/inference/decoder
func BenchmarkToken(b *testing.B) {
	for _, c := range []struct {
		name    string
		size    Size
		batch   int
		threads int
	}{
		{"4x192", Size{4, 192, 6, 2048, 512}, 1, 1},
		{"4x256", Size{4, 256, 8, 2048, 512}, 1, 1},
		{"4x256 batch of 8", Size{4, 256, 8, 2048, 512}, 8, 1},
		{"4x256 two threads", Size{4, 256, 8, 2048, 512}, 1, 2},
		{"6x256", Size{6, 256, 8, 2048, 512}, 1, 1},
		{"8x384", Size{8, 384, 8, 4096, 512}, 1, 1},
		{"12x512", Size{12, 512, 8, 8192, 512}, 1, 1},
	} {
		b.Run(c.name, func(b *testing.B) {
			d := New(c.size, 1, c.batch, c.threads)
			defer d.Close()
			steps := make([]Step, c.batch)
			for i := range steps {
				steps[i] = Step{Cache: d.NewCache(), Position: 100, Token: i, Last: true}
			}
			for b.Loop() {
				d.Scores(steps)
			}
			perToken := b.Elapsed().Seconds() / float64(b.N*c.batch)
			b.ReportMetric(perToken*1e3, "ms/token")
			b.ReportMetric(float64(c.size.Products())/perToken/1e9, "Gproducts/s")
		})
	}
}
