package main

import "testing"

func TestQuickstart(t *testing.T) {
	t.Setenv("REDIS_URL", "")
	if err := run(t.Context()); err != nil {
		t.Fatal(err)
	}
}
