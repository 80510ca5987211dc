package load

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// arrival is one request of a trace.
type arrival struct {
	at             time.Duration // since the trace began
	prompt, answer int           // tokens
}

// trace is a list of arrivals in their order, and how long it lasts until it may begin again.
type trace struct {
	arrivals []arrival
	span     time.Duration
}

// Names that published traces give to their columns. The last ones are those of the Azure LLM inference traces.
var (
	timeNames   = []string{"ts", "timestamp"}
	promptNames = []string{"prompt_tokens", "input_tokens", "contexttokens"}
	answerNames = []string{"output_tokens", "completion_tokens", "generatedtokens"}
)

// open reads a trace from a file, which may be compressed with gzip.
func open(path string) (trace, error) {
	file, err := os.Open(path)
	if err != nil {
		return trace{}, fmt.Errorf("no trace: %w", err)
	}
	defer file.Close()
	t, err := read(file)
	if err != nil {
		return trace{}, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

// read reads a trace: CSV with a header, whose columns may stand in any order among others. Times are seconds or ISO
// 8601; only the distance between them counts.
func read(source io.Reader) (trace, error) {
	text := bufio.NewReader(source)
	if magic, _ := text.Peek(2); string(magic) == "\x1f\x8b" {
		plain, err := gzip.NewReader(text)
		if err != nil {
			return trace{}, err
		}
		text = bufio.NewReader(plain)
	}
	rows := csv.NewReader(text)
	rows.ReuseRecord = true
	header, err := rows.Read()
	if errors.Is(err, io.EOF) {
		return trace{}, errors.New("the file is empty; it should begin with the line ts,prompt_tokens,output_tokens")
	}
	if err != nil {
		return trace{}, err
	}
	columns, err := find(header)
	if err != nil {
		return trace{}, err
	}
	return columns.all(rows)
}

// columns are the places of what we read.
type columns struct{ time, prompt, answer int }

func find(header []string) (columns, error) {
	for i, name := range header {
		header[i] = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(name, "\ufeff"))) // spreadsheets begin with a mark
	}
	place := func(names []string) int {
		return slices.IndexFunc(header, func(name string) bool { return slices.Contains(names, name) })
	}
	found := columns{place(timeNames), place(promptNames), place(answerNames)}
	for _, missing := range []struct {
		place int
		names []string
	}{{found.time, timeNames}, {found.prompt, promptNames}, {found.answer, answerNames}} {
		if missing.place < 0 {
			return found, fmt.Errorf("no column %s among %s", strings.Join(missing.names, " or "), strings.Join(header, ", "))
		}
	}
	return found, nil
}

func (c columns) all(rows *csv.Reader) (trace, error) {
	var seconds []float64
	var arrivals []arrival
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return trace{}, err
		}
		at, one, err := c.one(row)
		if err != nil {
			line, _ := rows.FieldPos(0)
			return trace{}, fmt.Errorf("line %d: %w", line, err)
		}
		seconds, arrivals = append(seconds, at), append(arrivals, one)
	}
	if len(arrivals) == 0 {
		return trace{}, errors.New("there are no requests below the header")
	}
	first := slices.Min(seconds)
	if years := (slices.Max(seconds) - first) / (365 * 24 * 3600); years > 100 {
		return trace{}, fmt.Errorf("the trace would last %.0f years; its times must be seconds or ISO 8601", years)
	}
	for i := range arrivals {
		arrivals[i].at = time.Duration((seconds[i] - first) * float64(time.Second))
	}
	slices.SortStableFunc(arrivals, func(a, b arrival) int { return cmp.Compare(a.at, b.at) })
	return trace{arrivals, span(arrivals)}, nil
}

func (c columns) one(row []string) (at float64, one arrival, err error) {
	if at, err = instant(row[c.time]); err != nil {
		return 0, one, err
	}
	if one.prompt, err = count(row[c.prompt]); err != nil {
		return 0, one, err
	}
	one.answer, err = count(row[c.answer])
	return at, one, err
}

// span is how long a trace lasts: one mean gap more than its last arrival, and never nothing.
func span(arrivals []arrival) time.Duration {
	last := arrivals[len(arrivals)-1].at
	gap := last / time.Duration(max(1, len(arrivals)-1))
	return last + max(gap, time.Second)
}

// layouts are the ways in which a time of a trace may be written; fractions of a second may follow in each of them.
var layouts = []string{time.RFC3339, "2006-01-02 15:04:05Z07:00", "2006-01-02T15:04:05", "2006-01-02 15:04:05"}

// instant reads a time in seconds.
func instant(text string) (float64, error) {
	text = strings.TrimSpace(text)
	if seconds, err := strconv.ParseFloat(text, 64); err == nil && math.Abs(seconds) < 1e11 { // also false for NaN
		return seconds, nil
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, text); err == nil {
			return float64(t.Unix()) + float64(t.Nanosecond())/1e9, nil
		}
	}
	return 0, fmt.Errorf("%q is no time: write seconds or ISO 8601, as in 2026-01-31 08:00:00.5", text)
}

// count reads a number of tokens; some tables have whole numbers with a point.
func count(text string) (int, error) {
	tokens, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || !(tokens >= 0 && tokens < 1e9) {
		return 0, fmt.Errorf("%q is no number of tokens", text)
	}
	return int(tokens), nil
}

// scale makes requests fit a small model: tokens are multiplied, at least one stays, and where prompt and answer exceed
// the context, the prompt is cut before the answer is. A context of 0 has no bound.
func (t trace) scale(prompt, answer float64, context int) trace {
	scaled := trace{slices.Clone(t.arrivals), t.span}
	for i := range scaled.arrivals {
		a := &scaled.arrivals[i]
		a.prompt = max(1, int(math.Round(float64(a.prompt)*prompt)))
		a.answer = max(1, int(math.Round(float64(a.answer)*answer)))
		if context > 0 {
			a.answer = min(a.answer, context-1)
			a.prompt = min(a.prompt, context-a.answer)
		}
	}
	return scaled
}
