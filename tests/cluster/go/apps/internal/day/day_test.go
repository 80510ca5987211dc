package day

import (
	"math"
	"testing"
)

func TestDemand(t *testing.T) {
	for _, c := range []struct {
		name                   string
		share, amplitude, want float64
	}{
		{"flat", 0.3, 0, 1},
		{"midnight", 0, 0.6, 0.4},
		{"morning is the mean", 0.25, 0.6, 1},
		{"noon", 0.5, 0.6, 1.6},
		{"the next midnight", 1, 0.6, 0.4},
		{"an idle night", 0, 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Demand(c.share, c.amplitude); math.Abs(got-c.want) > 1e-9 {
				t.Errorf("got %g, want %g", got, c.want)
			}
		})
	}
}

func TestMeanIsOne(t *testing.T) {
	var sum float64
	for minute := range 1440 {
		sum += Demand(float64(minute)/1440, 0.8)
	}
	if math.Abs(sum/1440-1) > 1e-9 {
		t.Errorf("mean %g", sum/1440)
	}
}
