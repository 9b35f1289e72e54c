package rq

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/rqgo/rq/internal/redisx"
)

// ownOptions returns options for a separate client of the same server.
func ownOptions(rdb redis.UniversalClient) (*redis.Options, error) {
	client, ok := rdb.(interface{ Options() *redis.Options })
	if !ok {
		return nil, ErrCluster
	}
	opts := *client.Options()
	opts.MinIdleConns = 0
	opts.ContextTimeoutEnabled = true // deadlines apply even to a server that does not answer
	// These belong to the user's client, and cannot be shared.
	opts.PushNotificationProcessor = nil
	opts.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return &opts, nil
}

// A connection is a client with one connection, which is closed when ctx ends, because
// go-redis does not interrupt a blocking read.
type connection struct {
	*redis.Client
	stop   func() bool
	closed chan struct{}
}

func ownConnection(ctx context.Context, rdb redis.UniversalClient) (*connection, error) {
	opts, err := ownOptions(rdb)
	if err != nil {
		return nil, err
	}
	opts.PoolSize, opts.MaxRetries = 1, -1
	c := &connection{Client: redis.NewClient(opts), closed: make(chan struct{})}
	c.stop = context.AfterFunc(ctx, func() {
		_ = c.Close()
		close(c.closed)
	})
	return c, nil
}

// close closes the connection, and returns when that is done.
func (c *connection) close() {
	if c.stop() {
		_ = c.Close()
		return
	}
	<-c.closed
}

// noRetryClient is a client whose scripts go-redis sends at most once.
type noRetryClient struct{ redis.UniversalClient }

// Eval sends the whole script at most once.
func (c noRetryClient) Eval(ctx context.Context, script string, keys []string, args ...any) *redis.Cmd {
	return redisx.EvalOnce(ctx, c.UniversalClient, "eval", script, keys, args...)
}

// EvalSha sends the hash of the script at most once.
func (c noRetryClient) EvalSha(ctx context.Context, sha string, keys []string, args ...any) *redis.Cmd {
	return redisx.EvalOnce(ctx, c.UniversalClient, "evalsha", sha, keys, args...)
}

// Package redisx alone classifies errors. These are its answers for the files of this
// package.
func isConnectionError(err error) bool { return redisx.IsServer(err) }  // any other command would fail too
func isPassing(err error) bool         { return redisx.IsPassing(err) } // the same command may succeed later
func isForeign(err error) bool         { return redisx.IsForeign(err) } // a key holds something that RQ does not put there
func isRefused(err error) bool         { return redisx.FateOf(err) == redisx.Refused }

// readHashes reads n hashes, in order. A key that does not exist, or is not a hash, reads as empty.
func readHashes(ctx context.Context, rdb redis.UniversalClient, n int, key func(int) string, take func(int, map[string]string)) error {
	ask := func(pipe redis.Pipeliner, i int) *redis.MapStringStringCmd { return pipe.HGetAll(ctx, key(i)) }
	return redisx.Read(ctx, rdb, n, ask, func(i int, hash map[string]string) (bytes int) {
		for field, value := range hash {
			bytes += len(field) + len(value)
		}
		take(i, hash)
		return bytes
	})
}

// textsOf makes a hash from fields and their values.
func textsOf(fields []string, values []any) map[string]string {
	hash := map[string]string{}
	for i, v := range values {
		if text, ok := v.(string); ok {
			hash[fields[i]] = text
		}
	}
	return hash
}

// The back-off between failed claims doubles between these.
const (
	firstBackOff = 100 * time.Millisecond
	lastBackOff  = 5 * time.Second
)

// backOff returns how long to wait after a number of failures before the last one.
func backOff(failures int) time.Duration { return min(firstBackOff<<min(failures, 10), lastBackOff) }

// sleep waits for d, and returns false if ctx ends first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// How much one script, transaction or reply handles. The limits let other clients of
// the server have their turn, and bound memory on both sides.
const (
	claimMost      = 100  // jobs of a claim
	settleMost     = 100  // jobs that are settled in one round trip
	beatMost       = 200  // executions of a heartbeat
	abandonChunk   = 100  // entries of rq:wip that are read at once
	expiredChunk   = 1000 // entries that are removed from a registry
	memberChunk    = 500  // members of a set, or ids of a queue, that are read at once
	jobChunk       = 100  // jobs that maintenance or an iterator looks at
	bulkChunk      = 50   // jobs of a call that handles many: a millisecond or two
	emptyChunk     = 500  // jobs that Empty deletes
	compactChunk   = 500  // ids that Compact looks at
	fetchChunk     = 1000 // entries that are read in one round trip
	infoChunk      = 100  // queues that are counted in one round trip
	manyChunk      = 500  // jobs of EnqueueMany in one transaction
	manyBytes      = 1 << 20
	manySend       = 10_000 // jobs of EnqueueMany that are sent before the replies are read
	manySendBytes  = 8 << 20
	schedulerChunk = 100 // due jobs that one script moves: about two milliseconds; more are no faster
)

// The budget of a claim, in bytes of jobs, starts at the most. It halves when a reply is
// lost, and grows by the least after each reply: if it doubled, every other claim over a
// slow link would be lost. A field longer than the least is read by itself.
const (
	leastBudget = 256 << 10
	mostBudget  = 4 << 20
)
