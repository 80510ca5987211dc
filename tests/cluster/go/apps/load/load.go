// Package load sends requests to inference servers as a trace has them, or as a made-up day has them.
package load

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"time"

	"vpa-inplace/tests/cluster/apps/internal/command"
)

// options are the flags.
type options struct {
	path, urls               string
	generate, least          bool
	made                     synthetic
	promptScale, answerScale float64
	context                  int
	timeout                  time.Duration
	replay                   replay
}

func flags(arguments []string) (options, error) {
	var o options
	f := flag.NewFlagSet("load", flag.ContinueOnError)
	f.StringVar(&o.path, "trace", "", "CSV file with the columns ts, prompt_tokens and output_tokens, or .gz of it")
	f.StringVar(&o.urls, "url", "", "servers, separated by commas, as http://host:port")
	f.BoolVar(&o.least, "least-outstanding", false, "send to the server with the fewest requests under way, not in turn")
	f.Float64Var(&o.replay.speed, "speed", 1, "how many seconds of the trace pass in one")
	f.IntVar(&o.replay.limit, "limit", 0, "requests to send at most; 0: all")
	f.DurationVar(&o.replay.duration, "duration", 0, "how long to send; 0: to the end of the trace")
	f.BoolVar(&o.replay.loop, "loop", false, "begin again at the end of the trace")
	f.DurationVar(&o.replay.progress, "progress", 10*time.Second, "between two lines on stderr on how it goes; 0: none")
	f.DurationVar(&o.timeout, "timeout", time.Minute, "for one whole answer")
	f.Float64Var(&o.promptScale, "prompt-scale", 1, "factor for the tokens of prompts")
	f.Float64Var(&o.answerScale, "output-scale", 1, "factor for the tokens of answers")
	f.IntVar(&o.context, "context", 512, "cut prompts so that prompt and answer have no more tokens; 0: never")
	f.BoolVar(&o.generate, "generate", false, "make a trace up: print it as CSV or, with -url, replay it")
	f.Uint64Var(&o.made.seed, "seed", 1, "generate: the same seed, the same trace")
	f.DurationVar(&o.made.span, "span", 24*time.Hour, "generate: how long, from midnight on")
	f.Float64Var(&o.made.rate, "rate", 0.1, "generate: mean requests a second")
	f.Float64Var(&o.made.amplitude, "amplitude", 0.6, "generate: how far the day moves the rate, as a fraction of it")
	f.Float64Var(&o.made.burst, "burst", 0.6, "generate: standard deviation of the logarithm of the rate around the day's")
	f.Float64Var(&o.made.prompt, "prompt-mean", 96, "generate: mean tokens of prompts")
	f.Float64Var(&o.made.answer, "output-mean", 48, "generate: mean tokens of answers")
	if err := command.Parse(f, arguments); err != nil {
		return o, err
	}
	return o, o.check()
}

// check names the first mistake.
func (o options) check() error {
	switch r, m := o.replay, o.made; {
	case o.generate == (o.path != ""):
		return command.Mistake("say where requests come from, with either -trace FILE or -generate")
	case !o.generate && o.urls == "":
		return command.Mistake("say where to send requests with -url http://host:port")
	case !(r.speed > 0 && r.speed <= 1e6):
		return command.Mistake("-speed must be above 0 and at most a million; it is %g", r.speed)
	case r.limit < 0 || r.duration < 0 || o.timeout <= 0:
		return command.Mistake("-limit and -duration must not be negative, -timeout must be above 0")
	case !(o.promptScale > 0 && o.promptScale <= 1e3) || !(o.answerScale > 0 && o.answerScale <= 1e3):
		return command.Mistake("-prompt-scale and -output-scale must be above 0 and at most 1000")
	case o.context < 0 || o.context == 1:
		return command.Mistake("-context must be 0 or at least 2, one token to ask and one to answer; it is %d", o.context)
	case !(m.rate > 0 && m.rate <= 1e4) || m.span <= 0 || m.rate*m.span.Seconds() > 1e7:
		return command.Mistake("-rate and -span must be above 0, and make at most ten million requests")
	case !(m.amplitude >= 0 && m.amplitude <= 1) || !(m.burst >= 0 && m.burst <= 3):
		return command.Mistake("-amplitude must be from 0 to 1 and -burst from 0 to 3; they are %g and %g", m.amplitude, m.burst)
	case !(m.prompt >= 1 && m.prompt <= 1e6) || !(m.answer >= 1 && m.answer <= 1e6):
		return command.Mistake("-prompt-mean and -output-mean must be from 1 to a million")
	}
	return nil
}

// Run replays a trace and prints a summary, or prints a trace.
func Run(ctx context.Context, arguments []string) error {
	o, err := flags(arguments)
	if err != nil {
		return err
	}
	source := trace{}
	if o.generate {
		source = o.made.trace()
	} else if source, err = open(o.path); err != nil {
		return err
	}
	if len(source.arrivals) == 0 {
		return command.Mistake("the made-up trace has no requests; raise -rate or -span")
	}
	if o.urls == "" {
		return source.write(os.Stdout)
	}
	addresses := strings.Split(o.urls, ",")
	for i, address := range addresses {
		if addresses[i], err = endpoint(address); err != nil {
			return command.Mistake("-url: %s", err)
		}
	}
	r := o.replay
	r.trace = source.scale(o.promptScale, o.answerScale, o.context)
	r.targets = newTargets(addresses, o.least)
	r.ask = newClient(o.timeout).ask
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", "  ")
	return out.Encode(r.run(ctx, os.Stderr))
}
