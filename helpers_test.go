package rq

import (
	"os"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/redistest"
)

// realServer returns the binary of a real server, for what miniredis does not do.
func realServer(t *testing.T) string {
	t.Helper()
	binary := os.Getenv(redistest.Env)
	if binary == "" {
		t.Skip("needs a real Redis: run `make test`")
	}
	return binary
}

// ownServer returns a client of a server that no other test uses.
func ownServer(t *testing.T, args ...string) *redis.Client {
	t.Helper()
	return redistest.Start(t, realServer(t), args...).Client(t)
}

func z(id string) redis.Z { return zs(id, 0) }

func zs(id string, score int64) redis.Z { return redis.Z{Score: float64(score), Member: id} }

// connect opens a connection of each of a client's two pools: go-redis has one
// for pipelines and one for all else.
func connect(t *testing.T, rdb *redis.Client) {
	t.Helper()
	require.NoError(t, rdb.Ping(t.Context()).Err())
	_, err := rdb.Pipelined(t.Context(), func(p redis.Pipeliner) error { return p.Ping(t.Context()).Err() })
	require.NoError(t, err)
}
