package burner

import (
	"math"
	"strings"
	"testing"
	"time"
)

var constant = Demand{CPU: 0.4, Memory: 100, Profile: "constant", Shape: Shape{Amplitude: 0.5, MemoryAmplitude: 0.1, Period: time.Hour}}

func daily() Demand {
	d := constant
	d.Profile = "daily"
	return d
}

func TestDemandAt(t *testing.T) {
	midnight := time.Unix(0, 0).Add(500 * time.Hour) // a multiple of the period
	for _, c := range []struct {
		name   string
		demand Demand
		after  time.Duration
		cpu    float64
		memory int
	}{
		{"constant at midnight", constant, 0, 0.4, 100},
		{"constant at noon", constant, 30 * time.Minute, 0.4, 100},
		{"daily at midnight", daily(), 0, 0.2, 90},
		{"daily in the morning", daily(), 15 * time.Minute, 0.4, 100},
		{"daily at noon", daily(), 30 * time.Minute, 0.6, 110},
		{"daily at the next midnight", daily(), time.Hour, 0.2, 90},
	} {
		t.Run(c.name, func(t *testing.T) {
			cpu, memory := c.demand.At(midnight.Add(c.after))
			if math.Abs(cpu-c.cpu) > 1e-9 || memory != c.memory {
				t.Errorf("got %g cores and %d MiB, want %g and %d", cpu, memory, c.cpu, c.memory)
			}
		})
	}
}

func TestDemandCheck(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Demand)
		says   string // nothing: it is fine
	}{
		{"fine", func(*Demand) {}, ""},
		{"nothing at all", func(d *Demand) { d.CPU, d.Memory = 0, 0 }, ""},
		{"negative cpu", func(d *Demand) { d.CPU = -0.1 }, "cpu"},
		{"cpu is no number", func(d *Demand) { d.CPU = math.NaN() }, "cpu"},
		{"more cpu than cores", func(d *Demand) { d.CPU = 1e6 }, "cpu"},
		{"negative memory", func(d *Demand) { d.Memory = -1 }, "memory"},
		{"more than a TiB", func(d *Demand) { d.Memory = 1<<20 + 1 }, "memory"},
		{"negative leak", func(d *Demand) { d.Leak = -1 }, "leak"},
		{"unknown profile", func(d *Demand) { d.Profile = "weekly" }, "weekly"},
		{"amplitude over one", func(d *Demand) { d.Shape.Amplitude = 1.1 }, "amplitudes"},
		{"a day without time", func(d *Demand) { d.Shape.Period = 0 }, "period"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := constant
			c.change(&d)
			err := d.Check()
			if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v", err)
			}
		})
	}
}
