package rqcli

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

// A whole is a flag with a whole number, as Python's int reads it: "010" is ten.
type whole int

// Set reads the flag. As many seconds are less than 292 years.
func (w *whole) Set(value string) error {
	const most = int64(math.MaxInt64 / time.Second)
	n, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
	if err != nil || n > most || n < -most {
		return errors.New("must be a whole number")
	}
	*w = whole(n)
	return nil
}

func (w *whole) String() string { return strconv.Itoa(int(*w)) }

// Type is what help calls the value.
func (w *whole) Type() string { return "int" }

// A wholes is a flag that may be repeated.
type wholes []whole

// Set reads the flag once more.
func (w *wholes) Set(value string) error {
	var n whole
	if err := n.Set(value); err != nil {
		return err
	}
	*w = append(*w, n)
	return nil
}

func (w *wholes) String() string {
	var all []string
	for _, n := range *w {
		all = append(all, n.String())
	}
	return strings.Join(all, ", ")
}

// Type is what help calls the value.
func (w *wholes) Type() string { return "int" }

func (w *wholes) seconds() []time.Duration {
	var all []time.Duration
	for _, n := range *w {
		all = append(all, time.Duration(n)*time.Second)
	}
	return all
}
