package command

import (
	"errors"
	"flag"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name      string
		arguments []string
		says      string // nothing: it is fine
	}{
		{"defaults", nil, ""},
		{"a flag", []string{"-size", "3"}, ""},
		{"unknown flag", []string{"-colour", "red"}, "-colour"},
		{"not a number", []string{"-size", "many"}, "many"},
		{"more than flags", []string{"-size", "3", "please"}, "please"},
	} {
		t.Run(c.name, func(t *testing.T) {
			flags := flag.NewFlagSet("app", flag.ContinueOnError)
			flags.Int("size", 1, "")
			err := Parse(flags, c.arguments)
			if c.says == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			var wrong *Wrong
			if !errors.As(err, &wrong) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v", err)
			}
		})
	}
}
