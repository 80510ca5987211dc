package load

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// silence reads a question and answers nothing until the client leaves.
func silence(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // a server looks for who leaves once it has the whole question
	<-r.Context().Done()
}

func TestAsk(t *testing.T) {
	const token = "data: {\"choices\": []}\n\n"
	for _, c := range []struct {
		name    string
		answers http.HandlerFunc
		want    outcome // times apart
		says    string
	}{
		{"an answer", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, token, token, "data: [DONE]\n\n") }, outcome{tokens: 2}, ""},
		{"no room", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(429) }, outcome{rejected: true}, ""},
		{"a mistake of ours", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(400) }, outcome{}, "status 400"},
		{"it broke off", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, token) }, outcome{tokens: 1}, "broke off"},
		{"it takes too long", silence, outcome{}, "no whole answer in time"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := httptest.NewServer(c.answers)
			defer server.Close()
			got := newClient(300*time.Millisecond).ask(context.Background(), server.URL, arrival{0, 3, 2})
			if got.tokens != c.want.tokens || got.rejected != c.want.rejected {
				t.Errorf("got %+v", got)
			}
			if (got.err == nil) != (c.says == "") || got.err != nil && !strings.Contains(got.err.Error(), c.says) {
				t.Errorf("got %v", got.err)
			}
		})
	}
}

func TestAskNobody(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	got := newClient(time.Second).ask(context.Background(), server.URL, arrival{0, 3, 2})
	if got.err == nil || got.err.Error() != "connection refused" { // and no port, so that its like can be counted
		t.Errorf("got %v", got.err)
	}
}

func TestEndpoint(t *testing.T) {
	for _, c := range []struct{ name, address, want string }{
		{"a host", "http://llm:8000", "http://llm:8000/v1/completions"},
		{"with a slash", " http://llm:8000/ ", "http://llm:8000/v1/completions"},
		{"with a path", "https://llm/proxy/v1/completions", "https://llm/proxy/v1/completions"},
		{"no scheme", "llm:8000", ""},
		{"nothing", "", ""},
		{"another scheme", "ftp://llm", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, err := endpoint(c.address); got != c.want || (err != nil) != (c.want == "") {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

func TestFlags(t *testing.T) {
	for _, c := range []struct{ name, arguments, says string }{
		{"a trace", "-trace t.csv -url http://llm:8000", ""},
		{"a made-up trace, printed", "-generate", ""},
		{"a made-up trace, replayed", "-generate -url http://llm:8000 -loop", ""},
		{"no source", "-url http://llm:8000", "either -trace FILE or -generate"},
		{"two sources", "-trace t.csv -generate", "either -trace FILE or -generate"},
		{"nowhere to go", "-trace t.csv", "-url"},
		{"no speed", "-generate -speed 0", "-speed"},
		{"a context for one", "-generate -context 1", "-context"},
		{"too much", "-generate -rate 10000 -span 24h", "ten million"},
		{"a wild burst", "-generate -burst 4", "-burst"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := flags(strings.Fields(c.arguments))
			if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v", err)
			}
		})
	}
}
