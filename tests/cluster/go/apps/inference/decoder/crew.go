package decoder

import "sync"

// crew is a fixed number of threads that share one piece of work after the other. A thread that gets no CPU time keeps
// all others waiting, as in any server that splits matrices: this is where a tight CPU limit turns into latency.
type crew struct {
	size  int
	tasks chan func()
	done  sync.WaitGroup
}

func newCrew(size int) *crew {
	c := &crew{size: size, tasks: make(chan func(), size)}
	for range size - 1 { // the caller is one of them
		go func() {
			for task := range c.tasks {
				task()
				c.done.Done()
			}
		}()
	}
	return c
}

// share cuts 0..n into one run for each thread, at multiples of grain, and comes back when all of them are done.
func (c *crew) share(n, grain int, work func(from, to int)) {
	run := (n/grain + c.size - 1) / c.size * grain
	from := 0
	for ; from+run < n; from += run {
		c.done.Add(1)
		begin := from
		c.tasks <- func() { work(begin, begin+run) }
	}
	work(from, n)
	c.done.Wait()
}

func (c *crew) dismiss() { close(c.tasks) }
