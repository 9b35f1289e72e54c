package rq

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// go-redis keeps a goroutine for each pool that a test leaves open, and
	// miniredis one for each server; both are closed with their test.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/rqgo/rq/internal/redistest.(*Server).release"))
}
