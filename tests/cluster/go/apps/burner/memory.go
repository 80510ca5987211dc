package burner

import (
	"fmt"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

const mib = 1 << 20

// Memory holds a number of MiB that are really in use. It takes them from the kernel and not from Go's heap: what is
// released leaves the container's usage at once.
type Memory struct {
	mu     sync.Mutex
	blocks [][]byte // of one MiB each
}

// Set takes or releases memory until so many MiB are held. It comes back when every page has been written to.
func (m *Memory) Set(size int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for len(m.blocks) > size {
		last := len(m.blocks) - 1
		if err := unix.Munmap(m.blocks[last]); err != nil {
			return fmt.Errorf("the kernel did not take memory back: %w", err)
		}
		m.blocks = m.blocks[:last]
	}
	for len(m.blocks) < size {
		block, err := take()
		if err != nil {
			return fmt.Errorf("no memory for more than %d of %d MiB: %w; ask for less", len(m.blocks), size, err)
		}
		m.blocks = append(m.blocks, block)
	}
	return nil
}

// Held is how many MiB are held now.
func (m *Memory) Held() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.blocks)
}

// take maps one MiB and writes to each of its pages: memory that nobody has written to does not count.
func take() ([]byte, error) {
	block, err := unix.Mmap(-1, 0, mib, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil, err
	}
	// A huge page of 2 MiB would stay in use until both its halves are released. Kernels without huge pages refuse the
	// advice, and need none.
	_ = unix.Madvise(block, unix.MADV_NOHUGEPAGE)
	for i := 0; i < len(block); i += os.Getpagesize() {
		block[i] = 1
	}
	return block, nil
}
