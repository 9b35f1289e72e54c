package rq

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if os.Getenv(skewEnv) != "" {
		workWithAWrongClock()
		return
	}
	// After a server has died, go-redis tries to reach it once a second until
	// its pool is closed, and notices that within that second.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
}
