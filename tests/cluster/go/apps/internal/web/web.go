// Package web serves an app over HTTP until it is told to end.
package web

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Serve answers requests at an address until the context ends; then it takes no new ones and gives those under way
// the grace to end. It says on stderr where it listens: with port 0 that is the only way to know.
func Serve(ctx context.Context, name, listen string, handler http.Handler, grace time.Duration) error {
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("cannot listen: %w; choose another address with -listen", err)
	}
	fmt.Fprintf(os.Stderr, "%s: listening on %s\n", name, listener.Addr())
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	patience, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	if err := server.Shutdown(patience); errors.Is(err, context.DeadlineExceeded) {
		fmt.Fprintf(os.Stderr, "%s: some answers were cut off, as they took longer than %s\n", name, grace)
		return server.Close()
	} else if err != nil {
		return err
	}
	return nil
}

// NewRegistry is an empty registry but for what every process tells of itself (process_*).
func NewRegistry() *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return registry
}

// Metrics serves a registry. Prometheus asks for OpenMetrics, where a bound reads le="1.0", as Python's client writes it
// in any format: without OpenMetrics the same bound would be le="1", and queries written for vLLM would miss it.
func Metrics(registry *prometheus.Registry) http.Handler {
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true})
}
