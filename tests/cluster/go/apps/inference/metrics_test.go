package inference

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

func none() float64 { return 0 }

// family is what Prometheus sees of one metric.
type family struct {
	labels      string // names, in order
	bounds      int    // of a histogram
	first, last float64
}

func families(t *testing.T, kind string) map[string]family {
	t.Helper()
	registry := prometheus.NewRegistry()
	if _, err := dialect(kind, "tiny", registry, levels{none, none, none}); err != nil {
		t.Fatal(err)
	}
	gathered, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]family{}
	for _, g := range gathered {
		var f family
		var labels []string
		for _, l := range g.Metric[0].Label {
			labels = append(labels, l.GetName())
		}
		f.labels = strings.Join(labels, " ")
		if buckets := g.Metric[0].GetHistogram().GetBucket(); len(buckets) > 0 {
			f.bounds, f.first, f.last = len(buckets), buckets[0].GetUpperBound(), buckets[len(buckets)-1].GetUpperBound()
		}
		found[g.GetName()] = f
	}
	return found
}

// The names and bounds as the servers publish them; see metrics.go for the files.
func TestDialects(t *testing.T) {
	const vllm, tokenizer = "engine model_name", "model_name"
	const scheduler = "engine_type model_name moe_ep_rank pp_rank tp_rank"
	for _, c := range []struct {
		name string
		want map[string]family
	}{
		{"vllm", map[string]family{
			"vllm:time_to_first_token_seconds": {vllm, 22, 0.001, 2560},
			"vllm:inter_token_latency_seconds": {vllm, 19, 0.01, 80},
			"vllm:e2e_request_latency_seconds": {vllm, 21, 0.3, 7680},
			"vllm:request_queue_time_seconds":  {vllm, 21, 0.3, 7680},
			"vllm:num_requests_running":        {labels: vllm},
			"vllm:num_requests_waiting":        {labels: vllm},
			"vllm:kv_cache_usage_perc":         {labels: vllm},
			"vllm:prompt_tokens_total":         {labels: vllm},
			"vllm:generation_tokens_total":     {labels: vllm},
			"vllm:request_success_total":       {labels: "engine finished_reason model_name"},
		}},
		{"sglang", map[string]family{
			"sglang:time_to_first_token_seconds": {tokenizer, 18, 0.1, 400},
			"sglang:inter_token_latency_seconds": {tokenizer, 23, 0.002, 8},
			"sglang:e2e_request_latency_seconds": {tokenizer, 22, 0.1, 2400},
			"sglang:queue_time_seconds":          {scheduler, 40, 0, 3000},
			"sglang:num_running_reqs":            {labels: scheduler},
			"sglang:num_queue_reqs":              {labels: scheduler},
			"sglang:token_usage":                 {labels: scheduler},
			"sglang:prompt_tokens_total":         {labels: tokenizer},
			"sglang:generation_tokens_total":     {labels: tokenizer},
			"sglang:num_requests_total":          {labels: tokenizer},
			"sglang:num_aborted_requests_total":  {labels: tokenizer},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := families(t, c.name)
			for name, want := range c.want {
				if got[name] != want {
					t.Errorf("%s: got %+v, want %+v", name, got[name], want)
				}
			}
			if len(got) != len(c.want) {
				t.Errorf("got %v", slices.Sorted(maps.Keys(got)))
			}
		})
	}
}

func TestUnknownDialect(t *testing.T) {
	if _, err := dialect("tgi", "tiny", prometheus.NewRegistry(), levels{none, none, none}); err == nil {
		t.Error("nobody speaks tgi here")
	}
}

func TestFlags(t *testing.T) {
	for _, c := range []struct {
		name      string
		arguments string
		says      string // nothing: it is fine
	}{
		{"defaults", "", ""},
		{"another size", "-layers 2 -width 64 -heads 4", ""},
		{"width and heads disagree", "-width 100 -heads 8", "width must be a multiple of twice the heads"},
		{"no threads", "-threads 0", "-threads"},
		{"no queue", "-queue 0", "-queue"},
		{"more requests than tokens in a step", "-max-batch 8 -max-batched-tokens 7", "-max-batched-tokens (7)"},
		{"unknown flag", "-gpu 1", "-gpu"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := read(strings.Fields(c.arguments))
			if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v", err)
			}
		})
	}
}
