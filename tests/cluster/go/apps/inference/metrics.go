package inference

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics is what the engine tells Prometheus, whatever the server it speaks like calls it.
type metrics struct {
	firstToken, nextToken, whole, queued prometheus.Observer // seconds
	promptTokens, answerTokens           func(int)
	finished                             func(reason string)
}

// levels are read when Prometheus asks.
type levels struct {
	running, waiting, cacheUsage func() float64
}

// Reasons for which a request ends. vllm/v1/engine/__init__.py has all of them.
const (
	lengthReached = "length"
	clientLeft    = "abort"
)

var (
	// vLLM: vllm/v1/metrics/buckets.py.
	vllmFirstToken = []float64{
		.001, .005, .01, .02, .04, .06, .08, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560,
	}
	vllmNextToken = []float64{
		.01, .025, .05, .075, .1, .15, .2, .3, .4, .5, .75, 1, 2.5, 5, 7.5, 10, 20, 40, 80,
	}
	vllmRequest = []float64{
		.3, .5, .8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680,
	}
	vllmReasons = []string{"stop", lengthReached, clientLeft, "error", "repetition"}

	// SGLang: python/sglang/srt/observability/metrics_collector.py.
	sglangFirstToken = []float64{.1, .2, .4, .6, .8, 1, 2, 4, 6, 8, 10, 20, 40, 60, 80, 100, 200, 400}
	sglangNextToken  = []float64{
		.002, .004, .006, .008, .01, .015, .02, .025, .03, .035, .04, .06, .08, .1, .2, .4, .6, .8, 1, 2, 4, 6, 8,
	}
	sglangRequest = []float64{
		.1, .2, .4, .6, .8, 1, 2, 4, 6, 8, 10, 20, 40, 60, 80, 100, 200, 400, 600, 1200, 1800, 2400,
	}
	sglangQueue = []float64{
		0, .001, .005, .01, .05, .1, .2, .5, 1, 2, 3, 4, 5, 10, 15, 20, 30, 40, 50, 60, 70, 80, 90, 100, 200, 300, 400,
		500, 600, 700, 800, 900, 1000, 1200, 1400, 1600, 1800, 2000, 2500, 3000,
	}
)

// dialects are the servers whose names we can speak: -metrics chooses.
var dialects = map[string]func(maker, levels) metrics{"vllm": vllm, "sglang": sglang}

// dialect registers the metrics of one kind of server. See metrics for what they are.
func dialect(kind, model string, registry prometheus.Registerer, l levels) (metrics, error) {
	names, found := dialects[kind]
	if !found {
		return metrics{}, fmt.Errorf("-metrics must be vllm or sglang; it is %q", kind)
	}
	return names(maker{registry, prometheus.Labels{"model_name": model}}, l), nil
}

// vllm names metrics as vllm/v1/metrics/loggers.py does.
func vllm(m maker, l levels) metrics {
	m.labels["engine"] = "0"
	m.gauge("vllm:num_requests_running", "Number of requests in model execution batches.", l.running)
	m.gauge("vllm:num_requests_waiting", "Number of requests waiting to be processed.", l.waiting)
	m.gauge("vllm:kv_cache_usage_perc", "KV-cache usage. 1 means 100 percent usage.", l.cacheUsage)
	finished := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "vllm:request_success_total", Help: "Count of successfully processed requests.", ConstLabels: m.labels,
	}, []string{"finished_reason"})
	m.registry.MustRegister(finished)
	for _, reason := range vllmReasons {
		finished.WithLabelValues(reason)
	}
	return metrics{
		firstToken:   m.histogram("vllm:time_to_first_token_seconds", "Histogram of time to first token in seconds.", vllmFirstToken),
		nextToken:    m.histogram("vllm:inter_token_latency_seconds", "Histogram of inter-token latency in seconds.", vllmNextToken),
		whole:        m.histogram("vllm:e2e_request_latency_seconds", "Histogram of e2e request latency in seconds.", vllmRequest),
		queued:       m.histogram("vllm:request_queue_time_seconds", "Histogram of time spent in WAITING phase for request.", vllmRequest),
		promptTokens: m.counter("vllm:prompt_tokens_total", "Number of prefill tokens processed."),
		answerTokens: m.counter("vllm:generation_tokens_total", "Number of generation tokens processed."),
		finished:     func(reason string) { finished.WithLabelValues(reason).Inc() },
	}
}

// sglang names metrics as SGLang does. Its scheduler, which knows of queues, adds the rank of its process.
func sglang(m maker, l levels) metrics {
	ranks := maker{m.registry, prometheus.Labels{"engine_type": "unified", "tp_rank": "0", "pp_rank": "0", "moe_ep_rank": "0"}}
	for name, value := range m.labels {
		ranks.labels[name] = value
	}
	ranks.gauge("sglang:num_running_reqs", "The number of running requests.", l.running)
	ranks.gauge("sglang:num_queue_reqs", "The number of requests in the waiting queue.", l.waiting)
	ranks.gauge("sglang:token_usage", "The token usage.", l.cacheUsage)
	requests := m.counter("sglang:num_requests_total", "Number of requests processed.")
	aborted := m.counter("sglang:num_aborted_requests_total", "Number of requests aborted.")
	return metrics{
		firstToken:   m.histogram("sglang:time_to_first_token_seconds", "Histogram of time to first token in seconds.", sglangFirstToken),
		nextToken:    m.histogram("sglang:inter_token_latency_seconds", "Histogram of inter-token latency in seconds.", sglangNextToken),
		whole:        m.histogram("sglang:e2e_request_latency_seconds", "Histogram of End-to-end request latency in seconds", sglangRequest),
		queued:       ranks.histogram("sglang:queue_time_seconds", "Histogram of queueing time in seconds.", sglangQueue),
		promptTokens: m.counter("sglang:prompt_tokens_total", "Number of prefill tokens processed."),
		answerTokens: m.counter("sglang:generation_tokens_total", "Number of generation tokens processed."),
		finished: func(reason string) {
			if reason == clientLeft {
				aborted(1)
				return
			}
			requests(1)
		},
	}
}

// maker makes metrics that share their labels.
type maker struct {
	registry prometheus.Registerer
	labels   prometheus.Labels
}

func (m maker) gauge(name, help string, value func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: m.labels}, value))
}

func (m maker) counter(name, help string) func(int) {
	counter := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: m.labels})
	m.registry.MustRegister(counter)
	return func(n int) { counter.Add(float64(n)) }
}

func (m maker) histogram(name, help string, bounds []float64) prometheus.Observer {
	histogram := prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: bounds, ConstLabels: m.labels})
	m.registry.MustRegister(histogram)
	return histogram
}

func observe(o prometheus.Observer, d time.Duration) { o.Observe(d.Seconds()) }
