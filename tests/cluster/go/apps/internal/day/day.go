// Package day gives demand the shape of a day: least at midnight, most at noon, one on average.
package day

import "math"

// Demand is the demand at a share of the day (0 and 1 are midnight), as a multiple of the day's mean.
// With amplitude 0 it is flat; with 1 the night is idle and noon twice the mean.
func Demand(share, amplitude float64) float64 {
	return 1 - amplitude*math.Cos(2*math.Pi*share)
}
