package burner

import (
	"math"
	"testing"
	"time"
)

// world is a core whose time passes only when somebody works or sleeps.
type world struct {
	wall, cpu time.Duration
	stolen    float64 // wall time that passes per CPU time used, beyond it: others have the core meanwhile
}

func (w *world) timing() timing {
	return timing{
		now:  func() time.Time { return time.Unix(1, 0).Add(w.wall) },
		used: func() time.Duration { return w.cpu },
		work: func() {
			w.cpu += 10 * time.Microsecond
			w.wall += time.Duration((1 + w.stolen) * float64(10*time.Microsecond))
		},
		sleep: func(d time.Duration) { w.wall += d + 70*time.Microsecond }, // a sleeper is always a little late
	}
}

func TestPace(t *testing.T) {
	for _, c := range []struct {
		name                string
		share, stolen, want float64
	}{
		{"a tenth", 0.1, 0, 0.1},
		{"a third", 1. / 3, 0, 1. / 3},
		{"all", 1, 0, 1},
		{"a thousandth", 0.001, 0, 0.001},
		{"as much though others use half the core", 0.4, 1, 0.4},
		{"what is left when others use half the core", 0.9, 1, 0.5},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, p := &world{stolen: c.stolen}, pace{}
			for w.wall < 10*time.Second {
				p.take(c.share, w.timing())
			}
			if got := float64(w.cpu) / float64(w.wall); math.Abs(got-c.want) > 0.01*c.want {
				t.Errorf("used %.4f of the core, want %.4f", got, c.want)
			}
		})
	}
}

func TestPaceDoesNotCatchUp(t *testing.T) {
	w, p := &world{stolen: 9}, pace{} // a tenth of a core for a share of a half
	for w.wall < 5*time.Second {
		p.take(0.5, w.timing())
	}
	w.stolen = 0
	before, start := w.cpu, w.wall
	for w.wall < start+time.Second {
		p.take(0.5, w.timing())
	}
	if got := (w.cpu - before).Seconds(); math.Abs(got-0.5) > 0.02 { // one slice of 0.02 s may straddle the second
		t.Errorf("used %.3f s in the second after, want 0.5: two seconds of demand were lost before", got)
	}
}

func TestSharesOfThreads(t *testing.T) {
	for _, c := range []struct {
		name  string
		cores float64
		want  []float64
	}{
		{"none", 0, []float64{0, 0, 0}},
		{"a part of one", 0.2, []float64{0.2, 0, 0}},
		{"one", 1, []float64{1, 0, 0}},
		{"a fraction over one is spread", 1.5, []float64{0.75, 0.75, 0}},
		{"all", 3, []float64{1, 1, 1}},
		{"more than there is", 6, []float64{1, 1, 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cores := &Cores{}
			for range 3 {
				cores.threads = append(cores.threads, &thread{changed: make(chan struct{}, 1)})
			}
			cores.Set(c.cores)
			for i, thread := range cores.threads {
				if got := math.Float64frombits(thread.share.Load()); got != c.want[i] {
					t.Errorf("thread %d: got %g, want %g", i, got, c.want[i])
				}
			}
		})
	}
}
