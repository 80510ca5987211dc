package burner

import (
	"math"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// slice is how often a thread takes its share: short against the 100 ms in which the kernel enforces a CPU limit, so
// that a burner below its limit is not throttled.
const slice = 20 * time.Millisecond

// Cores burns a number of cores, on one thread per core of the machine at most.
type Cores struct {
	threads []*thread
}

// NewCores starts the threads, which sleep until there is something to burn.
func NewCores() *Cores {
	c := &Cores{}
	for range runtime.NumCPU() {
		t := &thread{changed: make(chan struct{}, 1)}
		c.threads = append(c.threads, t)
		go t.run()
	}
	return c
}

// Set changes how many cores are burnt: 1.5 cores are two threads at three quarters each.
func (c *Cores) Set(cores float64) {
	busy := math.Ceil(cores)
	for i, t := range c.threads {
		share := 0.0
		if float64(i) < busy {
			share = min(1, cores/busy)
		}
		t.set(share)
	}
}

// thread burns a share of one core.
type thread struct {
	share   atomic.Uint64 // the bits of a float64 in 0..1
	changed chan struct{}
}

func (t *thread) set(share float64) {
	if t.share.Swap(math.Float64bits(share)) == math.Float64bits(share) {
		return
	}
	select {
	case t.changed <- struct{}{}:
	default: // it has not yet looked at the change before
	}
}

func (t *thread) run() {
	runtime.LockOSThread() // the CPU time measured is that of the thread
	var p pace
	for {
		share := math.Float64frombits(t.share.Load())
		if share == 0 {
			<-t.changed
			p = pace{}
			continue
		}
		p.take(share, realTime)
	}
}

// timing is what a pace knows of the world.
type timing struct {
	now   func() time.Time
	used  func() time.Duration // CPU time of this thread
	work  func()               // burn some microseconds
	sleep func(time.Duration)
}

// pace makes a thread use a share of each slice, told by its CPU time: a core that others use too slows the thread down
// but does not make it use less. What a slice could not get is not made up for later, as demand that was not met is lost.
type pace struct {
	due  time.Time     // when the next slice begins
	used time.Duration // CPU time up to which slices before have paid
}

// take burns one slice's share and sleeps until the next slice is due.
func (p *pace) take(share float64, t timing) {
	now := t.now()
	if now.Sub(p.due) > slice { // the first slice, or one that others have held up
		p.due, p.used = now, t.used()
	}
	p.due = p.due.Add(slice)
	p.used += time.Duration(share * float64(slice))
	for t.used() < p.used {
		t.work()
	}
	if left := p.due.Sub(t.now()); left > 0 {
		t.sleep(left)
	}
}

var realTime = timing{now: time.Now, used: threadTime, work: spin, sleep: time.Sleep}

// threadTime is the CPU time that this thread has used.
func threadTime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		panic(err) // every Linux since 2.6.12 has this clock
	}
	return time.Duration(t.Nano())
}

var sink atomic.Uint64 // keeps the compiler from leaving the work out

// spin calculates for about ten microseconds.
func spin() {
	x := uint64(88172645463325252)
	for range 5000 {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	sink.Store(x)
}
