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
				p.take(order{c.share, 1}, w.timing())
			}
			if got := float64(w.cpu) / float64(w.wall); math.Abs(got-c.want) > 0.01*c.want {
				t.Errorf("used %.4f of the core, want %.4f", got, c.want)
			}
		})
	}
}

func TestPaceMakesUpForALittle(t *testing.T) {
	w, p := &world{stolen: 9}, pace{} // a tenth of a core for a share of a half: two seconds are missing after five
	for w.wall < 5*time.Second {
		p.take(order{0.5, 1}, w.timing())
	}
	w.stolen = 0
	before, start := w.cpu, w.wall
	for w.wall < start+2*time.Second {
		p.take(order{0.5, 1}, w.timing())
	}
	got, want := (w.cpu - before).Seconds(), 2*0.5+0.5*backlog.Seconds()
	if math.Abs(got-want) > 0.02 { // one slice of 0.02 s may straddle the end
		t.Errorf("used %.3f s in the two seconds after, want %.3f", got, want)
	}
}

func TestPaceSurvivesWaits(t *testing.T) {
	w, p := &world{}, pace{}
	for i := 0; w.wall < 10*time.Second; i++ {
		if i%10 == 9 {
			w.wall += 100 * time.Millisecond // others have the core for five slices
		}
		p.take(order{0.3, 1}, w.timing())
	}
	if got := w.cpu.Seconds() / w.wall.Seconds(); math.Abs(got-0.3) > 0.005 {
		t.Errorf("used %.4f of the core, want 0.3", got)
	}
}

func TestWhatElseIsUsedCounts(t *testing.T) {
	for _, c := range []struct {
		name   string
		beside time.Duration // CPU time used beside the work in each second
		want   float64       // of a core, together
	}{
		{"a little is part of the share", 10 * time.Millisecond, 0.1},
		// In the rest of each second it works for the backlog and that rest, a tenth of 0.6 s, less the slice saved up.
		{"much is not saved up", 900 * time.Millisecond, 0.9 + 0.06 - 0.02},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, p := &world{}, pace{}
			for second := time.Duration(1); second <= 20; second++ {
				w.cpu, w.wall = w.cpu+c.beside, w.wall+c.beside
				for w.wall < second*time.Second {
					p.take(order{0.1, 1}, w.timing())
				}
			}
			if got := w.cpu.Seconds() / w.wall.Seconds(); math.Abs(got-c.want) > 0.01 {
				t.Errorf("used %.4f of the core, want %.4f", got, c.want)
			}
		})
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
				one := &thread{changed: make(chan struct{}, 1)}
				one.order.Store(&order{})
				cores.threads = append(cores.threads, one)
			}
			cores.Set(c.cores)
			for i, thread := range cores.threads {
				if got := thread.order.Load().share; got != c.want[i] {
					t.Errorf("thread %d: got %g, want %g", i, got, c.want[i])
				}
			}
		})
	}
}
