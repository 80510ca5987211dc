package decoder

import "math"

// rows is how many rows of a matrix are multiplied at once. Four sums side by side keep the adder of a core busy; with
// eight, the compiler runs out of registers and halves the speed (4.4 and 2.4 billion products a second).
const rows = 4

// product writes into out the rows [from, to) of w·x for each of n vectors. The matrix w lies row by row; x holds the
// vectors one after the other, out likewise with height numbers each. The range begins and ends at multiples of rows.
//
// A sum is always taken in the order of its inputs. So no number depends on what else is in the batch, nor on how many
// threads share the work: not by one bit.
func product(out, w, x []float32, n, height, from, to int) {
	width := len(x) / n
	for i := from; i < to; i += rows {
		four := w[i*width : (i+rows)*width] // read from memory once for the whole batch: what batching saves
		for v := range n {
			dots(out[v*height+i:][:rows], four, x[v*width:][:width])
		}
	}
}

// dots multiplies four rows with one vector.
func dots(out, four, x []float32) {
	k := len(x)
	a, b, c, d := four[:k], four[k:][:k], four[2*k:][:k], four[3*k:][:k]
	var s0, s1, s2, s3 float32
	for j, v := range x {
		s0 += a[j] * v
		s1 += b[j] * v
		s2 += c[j] * v
		s3 += d[j] * v
	}
	out[0], out[1], out[2], out[3] = s0, s1, s2, s3
}

// softmax turns scores into shares of one, in place.
func softmax(scores []float32) {
	most := scores[0]
	for _, s := range scores[1:] {
		most = max(most, s)
	}
	var sum float32
	for i, s := range scores {
		scores[i] = float32(math.Exp(float64(s - most))) // at most 1: no overflow
		sum += scores[i]
	}
	for i := range scores {
		scores[i] /= sum
	}
}

// normalise writes x scaled to a mean square of one into out: RMSNorm, Zhang and Sennrich 2019, without a gain.
func normalise(out, x []float32) {
	var squares float32
	for _, v := range x {
		squares += v * v
	}
	scale := float32(1 / math.Sqrt(float64(squares)/float64(len(x))+1e-6))
	for i, v := range x {
		out[i] = v * scale
	}
}

// silu is x·sigmoid(x), the gate of Llama's feed-forward layer.
func silu(x float32) float32 {
	return x / (1 + float32(math.Exp(float64(-x))))
}

// add adds x to sum, number by number.
func add(sum, x []float32) {
	for i, v := range x {
		sum[i] += v
	}
}

// largest gives back the place of the largest score, the first of equals.
func largest(scores []float32) int {
	best := 0
	for i, s := range scores {
		if s > scores[best] {
			best = i
		}
	}
	return best
}
