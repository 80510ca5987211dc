package load

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func TestRead(t *testing.T) {
	want := []arrival{{0, 100, 7}, {seconds(1.5), 20, 300}}
	for _, c := range []struct{ name, text string }{
		{"the plain layout", "ts,prompt_tokens,output_tokens\n0,100,7\n1.5,20,300\n"},
		{"columns in another order, among others", "output_tokens,user,ts,prompt_tokens\n7,a,0,100\n300,b,1.5,20\n"},
		{"does not begin at zero", "ts,prompt_tokens,output_tokens\n1700000000.0,100,7\n1700000001.5,20,300\n"},
		{"not in order", "ts,prompt_tokens,output_tokens\n1.5,20,300\n0,100,7\n"},
		{"Azure's", "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.9799600,100,7\n2023-11-16 18:17:05.4799600,20,300\n"},
		{"with a zone, over midnight", "ts,input_tokens,output_tokens\n2023-11-16 23:59:59+00:00,100,7\n2023-11-17 02:00:00.5+02:00,20,300\n"},
		{"RFC 3339", "timestamp,input_tokens,completion_tokens\n2023-11-16T18:17:03Z,100,7\n2023-11-16T18:17:04.5Z,20,300\n"},
		{"from a spreadsheet", "\ufeffts, prompt_tokens, output_tokens\r\n0,100.0,7\r\n1.5,20,300\r\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := read(strings.NewReader(c.text))
			if err != nil {
				t.Fatal(err)
			}
			if !slices.EqualFunc(got.arrivals, want, near) {
				t.Errorf("got %v, want %v", got.arrivals, want)
			}
			if gap := got.span - seconds(3); gap.Abs() > time.Millisecond { // the last at 1.5 s and a mean gap of 1.5 s
				t.Errorf("lasts %s, want 3 s", got.span)
			}
		})
	}
}

// near allows for a time since 1970 that has no room for nanoseconds in a float64.
func near(a, b arrival) bool {
	return (a.at-b.at).Abs() < 10*time.Microsecond && a.prompt == b.prompt && a.answer == b.answer
}

func TestReadRefuses(t *testing.T) {
	const header = "ts,prompt_tokens,output_tokens\n"
	for _, c := range []struct{ name, text, says string }{
		{"an empty file", "", "the file is empty"},
		{"a header alone", header, "no requests"},
		{"no such column", "ts,rps\n0,1\n", "no column prompt_tokens or input_tokens or contexttokens among ts, rps"},
		{"no time", header + "0,1,1\nnoon,1,1\n", `line 3: "noon" is no time`},
		{"milliseconds since 1970", header + "1700000000000,1,1\n", "is no time"},
		{"milliseconds beside seconds", header + "0,1,1\n9e10,1,1\n", "would last"},
		{"no number", header + "0,NaN,1\n", `line 2: "NaN" is no number of tokens`},
		{"less than nothing", header + "0,1,-1\n", `"-1" is no number of tokens`},
		{"a row that is too short", header + "0,1\n", "wrong number of fields"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := read(strings.NewReader(c.text)); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %q", err, c.says)
			}
		})
	}
}

func TestOpen(t *testing.T) {
	var packed bytes.Buffer
	pack := gzip.NewWriter(&packed)
	if _, err := pack.Write([]byte("ts,prompt_tokens,output_tokens\n0,5,6\n")); err != nil {
		t.Fatal(err)
	}
	if err := pack.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "trace.csv.gz")
	if err := os.WriteFile(path, packed.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := open(path)
	if err != nil || !slices.Equal(got.arrivals, []arrival{{0, 5, 6}}) {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := open(path + "x"); err == nil || !strings.Contains(err.Error(), "no trace") {
		t.Errorf("a file that is not there: %v", err)
	}
}

func TestScale(t *testing.T) {
	for _, c := range []struct {
		name           string
		prompt, answer float64
		context        int
		before, after  arrival
	}{
		{"as it is", 1, 1, 0, arrival{0, 4808, 10}, arrival{0, 4808, 10}},
		{"smaller", 0.05, 0.5, 0, arrival{0, 4808, 10}, arrival{0, 240, 5}},
		{"at least one token", 0.001, 0.001, 0, arrival{0, 8, 8}, arrival{0, 1, 1}},
		{"a prompt is cut for its answer", 1, 1, 512, arrival{0, 600, 100}, arrival{0, 412, 100}},
		{"an answer leaves room for a prompt", 1, 1, 512, arrival{0, 600, 600}, arrival{0, 1, 511}},
		{"what fits stays", 1, 1, 512, arrival{0, 500, 12}, arrival{0, 500, 12}},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := trace{[]arrival{c.before}, time.Second}
			if got := before.scale(c.prompt, c.answer, c.context); got.arrivals[0] != c.after {
				t.Errorf("got %v, want %v", got.arrivals[0], c.after)
			}
			if before.arrivals[0] != c.before {
				t.Error("the trace itself has changed")
			}
		})
	}
}
