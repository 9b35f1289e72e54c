package rqcli

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

// An intFlag is a flag with a whole number, as Python's int reads it: "010" is ten.
type intFlag int

// Set reads the flag. As seconds, it fits a time.Duration.
func (f *intFlag) Set(value string) error {
	const most = int64(math.MaxInt64 / time.Second)
	n, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
	if err != nil || n > most || n < -most {
		return errors.New("must be a whole number")
	}
	*f = intFlag(n)
	return nil
}

func (f *intFlag) String() string { return strconv.Itoa(int(*f)) }

// Type is the name of the value in the help.
func (f *intFlag) Type() string { return "int" }

// intFlags is the value of an int flag that may be repeated.
type intFlags []intFlag

// Set reads the flag once more.
func (f *intFlags) Set(value string) error {
	var n intFlag
	if err := n.Set(value); err != nil {
		return err
	}
	*f = append(*f, n)
	return nil
}

func (f *intFlags) String() string {
	var all []string
	for _, n := range *f {
		all = append(all, n.String())
	}
	return strings.Join(all, ", ")
}

// Type is the name of the value in the help.
func (f *intFlags) Type() string { return "int" }

func (f *intFlags) seconds() []time.Duration {
	var all []time.Duration
	for _, n := range *f {
		all = append(all, time.Duration(n)*time.Second)
	}
	return all
}
