package main

import (
	"strings"
	"testing"
)

func TestReport(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in string
		ok       bool
		want     string
	}{
		{
			"a pass",
			`{"Action":"pass","Package":"p","Test":"T"}` + "\n" + `{"Action":"pass","Package":"p","Elapsed":1}`,
			true, "pass p 1.0s",
		},
		{"nothing ran", "", false, "0 passed"},
		{"a package without tests", `{"Action":"pass","Package":"p","Test":"T"}` + "\n" + `{"Action":"skip","Package":"q"}`, true, "0 skipped"},
		{"a skipped test", `{"Action":"skip","Package":"p","Test":"T"}`, false, "skip: p T"},
		{
			"a failed test and its output",
			`{"Action":"output","Package":"p","Test":"T","Output":"got 1\n"}` + "\n" + `{"Action":"fail","Package":"p","Test":"T"}`,
			false, "got 1",
		},
		{"a package that does not build", `{"Action":"build-output","Output":"x.go:1: oops\n"}` + "\n" + `{"Action":"fail","Package":"p"}`, false, "oops"},
		{
			"the lab's counts",
			`{"Action":"output","Package":"p","Output":"lab: 3 scenarios\n"}` + "\n" + `{"Action":"pass","Package":"p","Test":"T"}`,
			true, "\nlab: 3 scenarios",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			r := &report{out: &out, output: map[string][]string{}}
			if err := r.read(strings.NewReader(tt.in)); err != nil {
				t.Fatal(err)
			}
			if ok := r.summary(); ok != tt.ok || !strings.Contains(out.String(), tt.want) {
				t.Errorf("got %t and %q, want %t and a mention of %q", ok, out.String(), tt.ok, tt.want)
			}
		})
	}
}
