package burner

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// resident is how many MiB of this process are in memory, by the kernel's account.
func resident(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize() / mib
}

func TestMemoryIsInUseAndGoesBack(t *testing.T) {
	var m Memory
	start := resident(t)
	for _, c := range []struct {
		name string
		size int
	}{
		{"grow", 40},
		{"shrink", 13},
		{"grow again", 50},
		{"release all", 0},
	} {
		if err := m.Set(c.size); err != nil {
			t.Fatal(err)
		}
		if m.Held() != c.size {
			t.Errorf("%s: %d MiB held, want %d", c.name, m.Held(), c.size)
		}
		if got := resident(t) - start; got < c.size-4 || got > c.size+4 { // Go's own heap moves by some MiB
			t.Errorf("%s: the kernel counts %d MiB, want %d", c.name, got, c.size)
		}
	}
}
