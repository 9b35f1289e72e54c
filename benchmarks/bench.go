package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq"
)

// The databases of the sides. Each is emptied before that side's turn.
const (
	goDB = iota
	pythonDB
	asynqDB
)

// A bench has one server and every side's client of it.
type bench struct {
	server   *server
	rdb      *redis.Client
	queue    *rq.Queue
	asynqRDB *redis.Client // asynq.Client keeps its own to itself
	asynq    *asynq.Client
	python   *peer
}

// newBench starts the server and the Python side.
func newBench(ctx context.Context, redisServer, python string) (*bench, error) {
	if redisServer == "" || python == "" {
		return nil, errors.New("RQ_LAB_REDIS and RQ_LAB_PYTHON are not set: run `make bench-peers`")
	}
	b := new(bench)
	var err error
	if b.server, err = startServer(ctx, redisServer); err != nil {
		return nil, err
	}
	if b.python, err = startPeer(python, b.server.port, pythonDB); err != nil {
		b.close()
		return nil, err
	}
	b.rdb = redis.NewClient(&redis.Options{Addr: b.server.addr(), DB: goDB})
	b.queue = rq.NewQueue(b.rdb, "default")
	b.asynqRDB = redis.NewClient(&redis.Options{Addr: b.server.addr(), DB: asynqDB})
	b.asynq = asynq.NewClient(asynq.RedisClientOpt{Addr: b.server.addr(), DB: asynqDB})
	return b, nil
}

func (b *bench) close() {
	if b.rdb != nil {
		_ = b.asynq.Close()
		b.asynqRDB.Close()
		b.rdb.Close()
	}
	if b.python != nil {
		b.python.close()
	}
	b.server.close()
}

// printVersions says what is compared.
func (b *bench) printVersions(ctx context.Context) error {
	python, err := b.python.ask("versions")
	if err != nil {
		return err
	}
	server, err := b.rdb.InfoMap(ctx, "server").Result()
	if err != nil {
		return err
	}
	fmt.Printf("redis-server %s on %d cores\n", server["Server"]["redis_version"], runtime.NumCPU())
	fmt.Printf("Python side: %s\n", python)
	fmt.Printf("Go side: %s, go-redis %s, asynq %s\n\n",
		runtime.Version(), moduleVersion("github.com/redis/go-redis/v9"), moduleVersion("github.com/hibiken/asynq"))
	return nil
}

func moduleVersion(path string) string {
	info, _ := debug.ReadBuildInfo()
	for _, m := range info.Deps {
		if m.Path == path {
			return m.Version
		}
	}
	return "?"
}
