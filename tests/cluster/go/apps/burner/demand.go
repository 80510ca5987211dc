package burner

import (
	"fmt"
	"math"
	"runtime"
	"time"

	"vpa-inplace/tests/cluster/apps/internal/day"
)

// Demand is what the burner is told to use.
type Demand struct {
	CPU     float64 // cores, the day's mean
	Memory  int     // MiB, the day's mean
	Profile string  // constant or daily
	Shape   Shape
	Leak    float64 // MiB per minute that are taken and never released
}

// Shape says how demand moves over a day.
type Shape struct {
	Amplitude       float64       // of CPU, as a fraction of its mean
	MemoryAmplitude float64       // of memory
	Period          time.Duration // how long a day lasts
}

// Check names the first thing that is wrong with a demand.
func (d Demand) Check() error {
	cores := runtime.NumCPU()
	switch {
	case !(d.CPU >= 0 && d.CPU <= float64(cores)): // also false for NaN
		return fmt.Errorf("cpu must be from 0 to the %d cores of this machine; it is %g", cores, d.CPU)
	case d.Memory < 0 || d.Memory > 1<<20:
		return fmt.Errorf("memory must be from 0 to 1048576 MiB; it is %d", d.Memory)
	case !(d.Leak >= 0 && d.Leak <= 1<<20):
		return fmt.Errorf("leak must be from 0 to 1048576 MiB per minute; it is %g", d.Leak)
	case d.Profile != "constant" && d.Profile != "daily":
		return fmt.Errorf("the profile must be constant or daily; it is %q", d.Profile)
	case !fraction(d.Shape.Amplitude) || !fraction(d.Shape.MemoryAmplitude):
		return fmt.Errorf("amplitudes must be from 0 to 1; they are %g and %g", d.Shape.Amplitude, d.Shape.MemoryAmplitude)
	case d.Shape.Period < time.Second:
		return fmt.Errorf("the period must be a second or more; it is %s", d.Shape.Period)
	}
	return nil
}

func fraction(x float64) bool { return x >= 0 && x <= 1 }

// At is the demand for cores and MiB at a time, leaks apart. A day begins at multiples of its period since 1970, so that
// replicas share their nights, and a restart does not move them.
func (d Demand) At(now time.Time) (cpu float64, memory int) {
	if d.Profile == "constant" {
		return d.CPU, d.Memory
	}
	share := float64(now.UnixNano()%int64(d.Shape.Period)) / float64(d.Shape.Period)
	memory = int(math.Round(float64(d.Memory) * day.Demand(share, d.Shape.MemoryAmplitude)))
	return d.CPU * day.Demand(share, d.Shape.Amplitude), memory
}
