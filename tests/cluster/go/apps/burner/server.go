package burner

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"vpa-inplace/tests/cluster/apps/internal/web"
)

// state is what GET / answers.
type state struct {
	CPU     float64 `json:"cpu"`     // cores burnt now
	Memory  int     `json:"memory"`  // MiB held now
	Leaked  float64 `json:"leaked"`  // MiB of them that leaked
	Leak    float64 `json:"leak"`    // MiB per minute
	Profile string  `json:"profile"` // how the means below move
	Means   means   `json:"means"`
}

type means struct {
	CPU    float64 `json:"cpu"`
	Memory int     `json:"memory"`
}

func (b *burner) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { b.tell(w) })
	mux.HandleFunc("GET /set", b.set)
	mux.Handle("GET /metrics", web.Metrics(b.registry()))
	return mux
}

func (b *burner) registry() *prometheus.Registry {
	registry := web.NewRegistry()
	gauge := func(name, help string, value func(state) float64) {
		registry.MustRegister(prometheus.NewGaugeFunc(
			prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return value(b.state()) },
		))
	}
	gauge("burner_cpu_cores", "Cores that demand asks for now.", func(s state) float64 { return s.CPU })
	gauge("burner_memory_bytes", "Memory held now.", func(s state) float64 { return float64(s.Memory) * mib })
	gauge("burner_leaked_bytes", "Memory that leaked since the start.", func(s state) float64 { return s.Leaked * mib })
	return registry
}

func (b *burner) state() state {
	b.mu.Lock()
	defer b.mu.Unlock()
	return state{
		CPU: b.cpu, Memory: b.memory.Held(), Leaked: b.leaked, Leak: b.demand.Leak,
		Profile: b.demand.Profile, Means: means{b.demand.CPU, b.demand.Memory},
	}
}

func (b *burner) tell(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(b.state()) // fails only where nobody listens any more
}

// set changes the demand as a whole or not at all, and answers when the change is in force.
func (b *burner) set(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	demand := b.demand
	b.mu.Unlock()
	if err := read(&demand, r.URL.Query()); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if err := b.change(demand, time.Now()); err != nil {
		http.Error(w, err.Error(), http.StatusInsufficientStorage)
		return
	}
	b.tell(w)
}

// read puts the values of a query into a demand.
func read(demand *Demand, query url.Values) error {
	if len(query) == 0 {
		return fmt.Errorf("nothing to set: cpu (cores), memory (MiB) and leak (MiB per minute) can be set, as in /set?cpu=1.5&memory=64")
	}
	for name, values := range query {
		var err error
		switch name {
		case "cpu":
			demand.CPU, err = strconv.ParseFloat(values[0], 64)
		case "memory":
			demand.Memory, err = strconv.Atoi(values[0])
		case "leak":
			demand.Leak, err = strconv.ParseFloat(values[0], 64)
		default:
			return fmt.Errorf("%q cannot be set; cpu, memory and leak can", name)
		}
		if err != nil {
			return fmt.Errorf("%s must be a number; it is %q", name, values[0])
		}
	}
	return demand.Check()
}
