// Package command reads the flags of an app and tells its user's mistakes from the app's failures.
package command

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

// Wrong is a mistake in how an app was called, in one sentence with what to do. The process ends with 2.
type Wrong struct{ sentence string }

func (w *Wrong) Error() string { return w.sentence }

// Mistake says what is wrong with a call.
func Mistake(format string, values ...any) error {
	return &Wrong{fmt.Sprintf(format, values...)}
}

// Parse reads flags, and nothing else: an app takes no further arguments. Asked for help, it prints it to stdout and
// gives back flag.ErrHelp.
func Parse(flags *flag.FlagSet, arguments []string) error {
	flags.SetOutput(io.Discard)
	err := flags.Parse(arguments)
	if errors.Is(err, flag.ErrHelp) {
		flags.SetOutput(os.Stdout)
		flags.PrintDefaults()
		return err
	}
	if err != nil {
		return Mistake("%s; apps %s -help lists the flags", err, flags.Name())
	}
	if flags.NArg() > 0 {
		return Mistake("nobody knows what to do with %q; apps %s -help lists the flags", flags.Arg(0), flags.Name())
	}
	return nil
}
