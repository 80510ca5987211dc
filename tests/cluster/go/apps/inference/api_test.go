package inference

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"vpa-inplace/tests/cluster/apps/inference/decoder"
	"vpa-inplace/tests/cluster/apps/internal/web"
)

// aServer answers with a real, very small model; its engine runs until the test ends.
func aServer(t *testing.T, start bool) (*httptest.Server, *engine) {
	t.Helper()
	size := decoder.Size{Layers: 1, Width: 16, Heads: 2, Vocab: 64, Context: 32}
	model := decoder.New(size, 1, 8, 1)
	e := newEngine(model, limits{Batch: 4, Tokens: 8, Queue: 2, Context: 32}, time.Now)
	registry := web.NewRegistry()
	var err error
	if e.metrics, err = dialect("vllm", "tiny", registry, e.levels()); err != nil {
		t.Fatal(err)
	}
	if start {
		ctx, end := context.WithCancel(context.Background())
		ended := make(chan struct{})
		go func() { e.run(ctx); close(ended) }()
		t.Cleanup(func() { end(); <-ended; model.Close() })
	}
	web := httptest.NewServer((&server{engine: e, name: "tiny", vocab: 64}).handler(registry))
	t.Cleanup(web.Close)
	return web, e
}

func post(t *testing.T, web *httptest.Server, body string) (int, string) {
	t.Helper()
	answer, err := http.Post(web.URL+"/v1/completions", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

func TestStreamHasAChunkForEachToken(t *testing.T) {
	web, _ := aServer(t, true)
	_, whole := post(t, web, `{"prompt_tokens": 5, "max_tokens": 7}`)
	_, stream := post(t, web, `{"prompt_tokens": 5, "max_tokens": 7, "stream": true}`)

	events := strings.Split(strings.TrimSuffix(stream, "\n\n"), "\n\n")
	if len(events) != 8 || events[7] != "data: [DONE]" {
		t.Fatalf("want 7 tokens and the end, got %q", events)
	}
	text := ""
	for i, event := range events[:7] {
		var chunk answer
		if err := json.Unmarshal([]byte(strings.TrimPrefix(event, "data: ")), &chunk); err != nil {
			t.Fatal(err)
		}
		text += chunk.Choices[0].Text
		if last := i == 6; (chunk.Choices[0].FinishReason != nil) != last || (chunk.Usage != nil) != last {
			t.Errorf("chunk %d: %s", i, event)
		}
	}
	var all answer
	if err := json.Unmarshal([]byte(whole), &all); err != nil {
		t.Fatal(err)
	}
	if all.Choices[0].Text != text || len(strings.Fields(text)) != 7 {
		t.Errorf("at once %q, in chunks %q", all.Choices[0].Text, text)
	}
	if *all.Usage != (usage{5, 7, 12}) || *all.Choices[0].FinishReason != "length" || all.Model != "tiny" {
		t.Errorf("got %s", whole)
	}
}

func TestCompletions(t *testing.T) {
	web, _ := aServer(t, true)
	for _, c := range []struct {
		name, body string
		status     int
		says       string
	}{
		{"a text", `{"prompt": "who is there", "max_tokens": 2}`, 200, `"prompt_tokens":3,"completion_tokens":2`},
		{"sixteen tokens by default", `{"prompt_tokens": 1}`, 200, `"completion_tokens":16`},
		{"the whole context", `{"prompt_tokens": 30, "max_tokens": 2}`, 200, `"total_tokens":32`},
		{"one too many", `{"prompt_tokens": 30, "max_tokens": 3}`, 400, "context is 32 tokens; 30 of the prompt and 3"},
		{"a prompt beyond all bounds", `{"prompt_tokens": 9000000000000000000}`, 400, "context is 32 tokens"},
		{"an answer beyond all bounds", `{"prompt_tokens": 1, "max_tokens": 9223372036854775807}`, 400, "context is 32 tokens"},
		{"no prompt", `{"max_tokens": 3}`, 400, "either a prompt or a number of prompt_tokens"},
		{"two prompts", `{"prompt": "a", "prompt_tokens": 3}`, 400, "either a prompt"},
		{"no words", `{"prompt": "  "}`, 400, "no words"},
		{"a prompt of less than nothing", `{"prompt_tokens": -1}`, 400, "prompt_tokens must be at least 1"},
		{"no answer", `{"prompt_tokens": 1, "max_tokens": 0}`, 400, "max_tokens must be at least 1"},
		{"no JSON", `hello`, 400, "not JSON"},
		{"another type", `{"prompt_tokens": "many"}`, 400, "not JSON of a completion"},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, text := post(t, web, c.body)
			if status != c.status || !strings.Contains(text, c.says) {
				t.Errorf("got %d %s", status, text)
			}
		})
	}
}

func TestFullQueueIsToldSo(t *testing.T) {
	web, e := aServer(t, false)
	ctx, leave := context.WithCancel(context.Background())
	defer leave()
	for range 2 {
		if err := e.submit(newRequest(ctx, []int{1}, 1, time.Now())); err != nil {
			t.Fatal(err)
		}
	}
	status, text := post(t, web, `{"prompt_tokens": 1}`)
	if status != http.StatusTooManyRequests || !strings.Contains(text, "queue is full") {
		t.Errorf("got %d %s", status, text)
	}
}

func TestClientWhoLeavesIsCounted(t *testing.T) {
	web, e := aServer(t, false)
	ctx, leave := context.WithCancel(context.Background())
	ask, err := http.NewRequestWithContext(ctx, http.MethodPost, web.URL+"/v1/completions", strings.NewReader(`{"prompt_tokens": 1}`))
	if err != nil {
		t.Fatal(err)
	}
	left := make(chan error)
	go func() {
		_, err := http.DefaultClient.Do(ask)
		left <- err
	}()
	wait := func(what string, until func() bool) {
		for patience := 500; !until(); patience-- {
			if patience == 0 {
				t.Fatalf("not %s after 5 s", what)
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	wait("waiting", func() bool { return e.queued() == 1 })
	leave()
	if <-left == nil {
		t.Fatal("who left was answered")
	}
	wait("dropped", func() bool { e.drop(func(r *request) bool { return r.ctx.Err() != nil }); return e.queued() == 0 })
	if text := metricsOf(t, web); !strings.Contains(text, `vllm:request_success_total{engine="0",finished_reason="abort",model_name="tiny"} 1`) {
		t.Error("no abort in /metrics")
	}
}

func TestHealth(t *testing.T) {
	web, _ := aServer(t, false)
	answer, err := http.Get(web.URL + "/health")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != 200 {
		t.Errorf("got %d", answer.StatusCode)
	}
}

func metricsOf(t *testing.T, web *httptest.Server) string {
	t.Helper()
	answer, err := http.Get(web.URL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTokensAreWords(t *testing.T) {
	seen := map[string]bool{}
	for token := range 2048 {
		word := speak(token)
		if seen[word] || len(strings.Fields(word)) != 1 {
			t.Fatalf("token %d: %q", token, word)
		}
		seen[word] = true
	}
	if got, again := tokenise("a b a", 64), tokenise("a b a", 64); fmt.Sprint(got) != fmt.Sprint(again) || got[0] != got[2] {
		t.Errorf("the same words gave %v and %v", got, again)
	}
}
