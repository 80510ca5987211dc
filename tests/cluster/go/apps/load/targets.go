package load

import "sync"

// targets spreads requests over servers: in turn, or to the one with the fewest under way.
type targets struct {
	addresses []string
	least     bool

	mu       sync.Mutex
	next     int
	underWay []int
}

func newTargets(addresses []string, least bool) *targets {
	return &targets{addresses: addresses, least: least, underWay: make([]int, len(addresses))}
}

// choose gives back a server; done takes it back when its answer is there.
func (t *targets) choose() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	chosen := t.next
	if t.least {
		for i := range t.addresses {
			if other := (t.next + i) % len(t.addresses); t.underWay[other] < t.underWay[chosen] {
				chosen = other
			}
		}
	}
	t.next = (chosen + 1) % len(t.addresses)
	t.underWay[chosen]++
	return chosen
}

func (t *targets) done(chosen int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.underWay[chosen]--
}
