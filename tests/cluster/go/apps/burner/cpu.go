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

// backlog is how much time a thread makes up for when it was kept from the core: enough for the waits on a busy machine,
// too little for a container that is throttled to be busy long after its limit was raised.
const backlog = 500 * time.Millisecond

// Cores burns a number of cores, on one thread per core of the machine at most.
type Cores struct {
	threads []*thread
}

// NewCores starts the threads, which sleep until there is something to burn.
func NewCores() *Cores {
	c := &Cores{}
	for range runtime.NumCPU() {
		t := &thread{changed: make(chan struct{}, 1)}
		t.order.Store(&order{})
		c.threads = append(c.threads, t)
		go t.run()
	}
	return c
}

// Set changes how many cores are burnt: 1.5 cores are two threads at three quarters each.
func (c *Cores) Set(cores float64) {
	busy := max(1, min(int(math.Ceil(cores)), len(c.threads)))
	for i, t := range c.threads {
		next := order{share: min(1, cores/float64(busy)), among: busy}
		if i >= busy {
			next = order{}
		}
		if *t.order.Load() != next {
			t.give(&next)
		}
	}
}

// order is what a thread has to burn: a share of one core, as have all busy threads among which it is.
type order struct {
	share float64 // 0..1
	among int
}

type thread struct {
	order   atomic.Pointer[order]
	changed chan struct{}
}

func (t *thread) give(next *order) {
	t.order.Store(next)
	select {
	case t.changed <- struct{}{}:
	default: // it has not yet looked at the change before
	}
}

func (t *thread) run() {
	var p pace
	for {
		now := t.order.Load()
		if now.share == 0 {
			<-t.changed
			p = pace{}
			continue
		}
		p.take(*now, realTime)
	}
}

// timing is what a pace knows of the world.
type timing struct {
	now   func() time.Time
	used  func() time.Duration // CPU time of this process
	work  func()               // burn some microseconds
	sleep func(time.Duration)
}

// pace makes a thread use its share of each slice, told by the CPU time of the whole process: what sleeping, waking and
// answering cost is part of it (a hundredth of a core, and so a fifth of 0.05), and a thread that others keep from its
// core slows down without using less. A slice that took too long is followed by others without sleep, up to the backlog.
type pace struct {
	order order
	due   time.Time     // when the next slice begins
	used  time.Duration // CPU time of each busy thread up to which slices before have paid
}

// take burns one slice's share and sleeps until the next slice is due.
func (p *pace) take(o order, t timing) {
	now, used := t.now(), t.used()/time.Duration(o.among)
	if p.order != o {
		*p = pace{order: o, due: now, used: used}
	}
	if late := now.Add(-backlog); p.due.Before(late) {
		p.due = late
	}
	p.due = p.due.Add(slice)
	p.used = max(p.used, used-slice) + time.Duration(o.share*float64(slice)) // what was used beside us is not all saved up
	for t.used()/time.Duration(o.among) < p.used {
		t.work()
	}
	if left := p.due.Sub(t.now()); left > 0 {
		t.sleep(left)
	}
}

var realTime = timing{now: time.Now, used: processTime, work: spin, sleep: time.Sleep}

// processTime is the CPU time that this process has used.
func processTime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t); err != nil {
		panic(err) // every Linux since 2.6.12 has this clock
	}
	return time.Duration(t.Nano())
}

var sink atomic.Uint64 // keeps the compiler from leaving the work out

// spin calculates for about twenty microseconds.
func spin() {
	x := uint64(88172645463325252)
	for range 10000 {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	sink.Store(x)
}
