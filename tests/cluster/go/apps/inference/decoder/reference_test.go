package decoder

import "math"

// reference computes the scores after the last token of a sequence as the formulas say: in double precision, without a
// cache, every token of every layer again, matrices row by row, one thread.
func reference(w weights, size Size, tokens []int) []float64 {
	x := make([][]float64, len(tokens))
	for i, token := range tokens {
		x[i] = doubles(w.embedding[token*size.Width:][:size.Width])
	}
	for _, l := range w.layers {
		x = referenceLayer(w, l, size, x)
	}
	return apply(w.scores, unit(x[len(x)-1]))
}

func referenceLayer(w weights, l layer, size Size, x [][]float64) [][]float64 {
	queries, keys, values := make([][]float64, len(x)), make([][]float64, len(x)), make([][]float64, len(x))
	for i := range x {
		normal := unit(x[i])
		queries[i] = rotated(size, apply(l.query, normal), i)
		keys[i] = rotated(size, apply(l.key, normal), i)
		values[i] = apply(l.value, normal)
	}
	out := make([][]float64, len(x))
	for i := range x {
		mixed := make([]float64, size.Width)
		for head := range size.Heads {
			begin := head * size.head()
			var shares []float64
			var sum float64
			for p := range i + 1 {
				var fit float64
				for j := range size.head() {
					fit += queries[i][begin+j] * keys[p][begin+j]
				}
				share := math.Exp(fit / math.Sqrt(float64(size.head())))
				shares, sum = append(shares, share), sum+share
			}
			for p, share := range shares {
				for j := range size.head() {
					mixed[begin+j] += share / sum * values[p][begin+j]
				}
			}
		}
		out[i] = sums(x[i], apply(l.out, mixed))
		normal := unit(out[i])
		inner := apply(l.up, normal)
		for j, g := range apply(l.gate, normal) {
			inner[j] *= g / (1 + math.Exp(-g))
		}
		out[i] = sums(out[i], apply(l.down, inner))
	}
	return out
}

// rotated turns each pair of each head as a complex number: the formula of RoFormer, with no table.
func rotated(size Size, vector []float64, position int) []float64 {
	half := size.head() / 2
	out := make([]float64, len(vector))
	for head := range size.Heads {
		for i := range half {
			a, b := head*size.head()+i, head*size.head()+half+i
			sin, cos := math.Sincos(float64(position) / math.Pow(10000, float64(i)/float64(half)))
			out[a], out[b] = vector[a]*cos-vector[b]*sin, vector[a]*sin+vector[b]*cos
		}
	}
	return out
}

func apply(w []float32, x []float64) []float64 {
	out := make([]float64, len(w)/len(x))
	for i := range out {
		for j, v := range x {
			out[i] += float64(w[i*len(x)+j]) * v
		}
	}
	return out
}

func unit(x []float64) []float64 {
	var squares float64
	for _, v := range x {
		squares += v * v
	}
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = v / math.Sqrt(squares/float64(len(x))+1e-6)
	}
	return out
}

func sums(a, b []float64) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		out[i] = a[i] + b[i]
	}
	return out
}

func doubles(x []float32) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = float64(v)
	}
	return out
}
