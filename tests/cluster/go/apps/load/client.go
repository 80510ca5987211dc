package load

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// outcome is how one request went.
type outcome struct {
	rejected        bool  // the server had no room: 429
	err             error // what else went wrong
	tokens          int   // answered
	first, complete time.Duration
}

// client asks for completions.
type client struct {
	http    *http.Client
	timeout time.Duration
}

func newClient(timeout time.Duration) client {
	transport := &http.Transport{MaxIdleConnsPerHost: 256, IdleConnTimeout: time.Minute}
	return client{&http.Client{Transport: transport}, timeout}
}

// endpoint completes the address of a server: without a path, it is that of completions.
func endpoint(address string) (string, error) {
	parsed, err := url.Parse(strings.TrimSpace(address))
	if err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" {
		return "", fmt.Errorf("%q is no address; write it as http://host:port", address)
	}
	if parsed.Path == "" || parsed.Path == "/" {
		parsed.Path = "/v1/completions"
	}
	return parsed.String(), nil
}

// ask sends one request and reads its answer token by token.
func (c client) ask(ctx context.Context, address string, a arrival) outcome {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	body, err := json.Marshal(map[string]any{"prompt_tokens": a.prompt, "max_tokens": a.answer, "stream": true})
	if err != nil {
		panic(err) // numbers only
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return outcome{err: err}
	}
	request.Header.Set("Content-Type", "application/json")
	begin := time.Now()
	response, err := c.http.Do(request)
	if err != nil {
		return outcome{err: cause(ctx, err)}
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusTooManyRequests:
		return outcome{rejected: true}
	default:
		return outcome{err: fmt.Errorf("status %s", response.Status)}
	}
	return listen(ctx, bufio.NewScanner(response.Body), begin)
}

// listen reads server-sent events up to the mark of the end.
func listen(ctx context.Context, lines *bufio.Scanner, begin time.Time) (o outcome) {
	for lines.Scan() {
		event, found := strings.CutPrefix(lines.Text(), "data: ")
		if !found {
			continue
		}
		o.complete = time.Since(begin)
		if event == "[DONE]" {
			return o
		}
		if o.tokens == 0 {
			o.first = o.complete
		}
		o.tokens++
	}
	o.err = errors.New("the answer broke off")
	if err := lines.Err(); err != nil {
		o.err = cause(ctx, err)
	}
	return o
}

// cause is an error without what differs from request to request, so that its like can be counted.
func cause(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return errors.New("no whole answer in time")
	}
	if ctx.Err() != nil {
		return errors.New("cut off at the end")
	}
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		err = inner // the innermost: connection refused, without the ports
	}
	return err
}
