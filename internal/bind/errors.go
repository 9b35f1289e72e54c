package bind

import (
	"strconv"
	"strings"
)

// A CallError says why a Python call does not fit the function. Its text is that of
// Python's TypeError.
type CallError struct {
	// Func is the name of the function, without its module.
	Func string
	// Problem is the error, such as "missing 1 required positional argument: 'b'", or
	// the argument that Err is about.
	Problem string
	// Err is nil unless an argument cannot be converted.
	Err error
}

// Error returns the text of the TypeError.
func (e *CallError) Error() string {
	s := e.Func + "() " + e.Problem
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns Err.
func (e *CallError) Unwrap() error { return e.Err }

// label returns the name of the parameter at i in errors, or else its position, counted
// from 1.
func (p *param) label(i int) string {
	if p.name == "" {
		return place(i)
	}
	return "'" + p.name + "'"
}

func place(i int) string { return "#" + strconv.Itoa(i+1) }

// missing returns the error of missing required arguments, or "".
func (f *Func) missing(slots []slot) string {
	if s := f.missingIn(slots, 0, f.positional, "positional"); s != "" {
		return s
	}
	return f.missingIn(slots, f.positional, len(f.params), "keyword-only")
}

func (f *Func) missingIn(slots []slot, from, to int, kind string) string {
	var labels []string
	for i := from; i < to; i++ {
		if p := &f.params[i]; p.required && !slots[i].given {
			labels = append(labels, p.label(i))
		}
	}
	if labels == nil {
		return ""
	}
	return "missing " + count(len(labels), "required "+kind+" argument") + ": " + enumerate(labels)
}

// tooMany returns the error of too many positional arguments. It counts keyword-only
// arguments too, as Python does.
func (f *Func) tooMany(slots []slot, given int) string {
	takes := count(f.positional, "positional argument")
	if least := f.leastPositional(); least < f.positional {
		takes = "from " + strconv.Itoa(least) + " to " + strconv.Itoa(f.positional) + " positional arguments"
	}
	keywords := 0
	for _, s := range slots[f.positional:] {
		if s.given {
			keywords++
		}
	}
	got := strconv.Itoa(given)
	if keywords > 0 {
		got = count(given, "positional argument") + " (and " + count(keywords, "keyword-only argument") + ")"
	}
	if given == 1 && keywords == 0 {
		return "takes " + takes + " but " + got + " was given"
	}
	return "takes " + takes + " but " + got + " were given"
}

func (f *Func) leastPositional() int {
	n := 0
	for _, p := range f.params[:f.positional] {
		if p.required {
			n++
		}
	}
	return n
}

// count returns "1 thing" or "2 things".
func count(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return strconv.Itoa(n) + " " + thing
}

// enumerate returns "a", "a and b" or "a, b, and c".
func enumerate(list []string) string {
	last := len(list) - 1
	switch last {
	case 0:
		return list[0]
	case 1:
		return list[0] + " and " + list[1]
	}
	return strings.Join(list[:last], ", ") + ", and " + list[last]
}
