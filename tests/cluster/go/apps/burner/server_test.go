package burner

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// idle is a burner whose threads do not run: its answers are to be seen, not its heat.
func idle(demand Demand) *burner {
	return &burner{demand: demand, cores: &Cores{}, since: time.Unix(0, 0)}
}

func get(b *burner, path string) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	b.handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
	return answer
}

func TestSet(t *testing.T) {
	for _, c := range []struct {
		name, query string
		status      int
		says        string
	}{
		{"both", "?cpu=0.7&memory=3", 200, `"cpu":0.7,"memory":3`},
		{"cpu alone leaves memory", "?cpu=0.7", 200, `"cpu":0.7,"memory":2`},
		{"memory alone leaves cpu", "?memory=0", 200, `"cpu":0.5,"memory":0`},
		{"no number", "?cpu=lots", 400, `cpu must be a number; it is "lots"`},
		{"no whole MiB", "?memory=1.5", 400, `memory must be a number`},
		{"negative", "?cpu=-1", 400, "cpu must be from 0"},
		{"not a number at all", "?cpu=NaN", 400, "cpu must be from 0"},
		{"unknown name", "?mem=3", 400, `"mem" cannot be set`},
		{"nothing", "", 400, "nothing to set"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := idle(Demand{CPU: 0.5, Memory: 2, Profile: "constant", Shape: Shape{Period: time.Hour}})
			if err := b.apply(time.Unix(0, 0)); err != nil {
				t.Fatal(err)
			}
			answer := get(b, "/set"+c.query)
			if answer.Code != c.status || !strings.Contains(answer.Body.String(), c.says) {
				t.Errorf("got %d %s", answer.Code, answer.Body)
			}
			var now state
			if err := json.Unmarshal(get(b, "/").Body.Bytes(), &now); err != nil {
				t.Fatal(err)
			}
			if c.status != 200 && (now.CPU != 0.5 || now.Memory != 2) {
				t.Errorf("a bad value has changed the state to %+v", now)
			}
		})
	}
}

func TestLeakIsNeverReleased(t *testing.T) {
	start := time.Unix(0, 0)
	b := idle(Demand{Memory: 2, Leak: 3, Profile: "constant", Shape: Shape{Period: time.Hour}})
	for _, c := range []struct {
		name  string
		at    time.Duration
		leak  float64 // from then on
		wants int     // MiB: 2 and what leaked before
	}{
		{"at the start", 0, 3, 2},
		{"after a minute", time.Minute, 3, 5},
		{"after two and a half", 150 * time.Second, 0, 9}, // 7.5 MiB, whole ones are held
		{"stopped, not released", 10 * time.Minute, 0, 9},
	} {
		if err := b.apply(start.Add(c.at)); err != nil {
			t.Fatal(err)
		}
		b.demand.Leak = c.leak
		if got := b.memory.Held(); got != c.wants {
			t.Errorf("%s: %d MiB held, want %d", c.name, got, c.wants)
		}
	}
}

func TestMetrics(t *testing.T) {
	b := idle(Demand{CPU: 0.5, Memory: 2, Profile: "constant", Shape: Shape{Period: time.Hour}})
	if err := b.apply(time.Unix(0, 0)); err != nil {
		t.Fatal(err)
	}
	text := get(b, "/metrics").Body.String()
	for _, want := range []string{
		"burner_cpu_cores 0.5\n", "burner_memory_bytes 2.097152e+06\n", "burner_leaked_bytes 0\n", "process_cpu_seconds_total ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in /metrics", want)
		}
	}
}
