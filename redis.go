package rq

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// ownOptions returns the options for another client of the same server.
func ownOptions(rdb redis.UniversalClient) (*redis.Options, error) {
	client, ok := rdb.(interface{ Options() *redis.Options })
	if !ok {
		return nil, ErrCluster
	}
	opts := *client.Options()
	opts.MinIdleConns = 0
	opts.ContextTimeoutEnabled = true // deadlines hold also for a server that does not answer
	// These belong to the other client, and cannot be shared.
	opts.PushNotificationProcessor = nil
	opts.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return &opts, nil
}

// A connection is a client with one connection, which is closed when ctx ends:
// go-redis does not interrupt a blocking read otherwise.
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

// close ends the connection, and returns when nothing of it is left.
func (c *connection) close() {
	if c.stop() {
		_ = c.Close()
		return
	}
	<-c.closed
}

// noRetryCmd is a command that go-redis sends at most once, and with it the
// pipeline that it is in. It takes any reply.
//
// Other commands go-redis repeats on another connection when the reply does not
// come: a job would then be pushed a second time, and run twice. With this one a
// lost reply is an error, and the caller knows that it is not known whether the
// server has done it.
type noRetryCmd struct{ *redis.Cmd }

// NoRetry tells go-redis not to send the command again.
func (noRetryCmd) NoRetry() bool { return true }

// noRetryClient is a client whose scripts go-redis sends at most once.
type noRetryClient struct{ redis.UniversalClient }

// Eval sends the whole script at most once.
func (c noRetryClient) Eval(ctx context.Context, script string, keys []string, args ...any) *redis.Cmd {
	return c.send(ctx, "eval", script, keys, args)
}

// EvalSha sends the hash of the script at most once.
func (c noRetryClient) EvalSha(ctx context.Context, sha string, keys []string, args ...any) *redis.Cmd {
	return c.send(ctx, "evalsha", sha, keys, args)
}

func (c noRetryClient) send(ctx context.Context, name, script string, keys []string, args []any) *redis.Cmd {
	words := append(make([]any, 0, 3+len(keys)+len(args)), name, script, len(keys))
	for _, key := range keys {
		words = append(words, key)
	}
	cmd := redis.NewCmd(ctx, append(words, args...)...)
	_ = c.Process(ctx, noRetryCmd{cmd}) // cmd has the error too
	return cmd
}

// isConnectionError reports whether err came from the way to the server, and not
// from the server or from what was read.
func isConnectionError(err error) bool {
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		redis.HasErrorPrefix(err, "LOADING") || redis.HasErrorPrefix(err, "READONLY")
}

// isPassing reports whether the same command may succeed later: the error came
// from the way to the server, or from the state that it is in.
func isPassing(err error) bool {
	if isConnectionError(err) || errors.Is(err, redis.ErrPoolTimeout) {
		return true
	}
	for _, prefix := range passing {
		// Before Redis 7 the error of a script has it in the middle.
		if redis.HasErrorPrefix(err, prefix) || strings.Contains(err.Error(), ": -"+prefix+" ") {
			return true
		}
	}
	return false
}

var passing = []string{
	"OOM", "BUSY", "LOADING", "READONLY", "MASTERDOWN", "TRYAGAIN", "NOREPLICAS", "MISCONF", "NOAUTH", "NOSCRIPT", "max number of clients",
}

// isReply reports whether the server has said that something cannot be done;
// other errors come from the way to it.
func isReply(err error) bool {
	var reply redis.Error
	return errors.As(err, &reply)
}

// isTimeout reports whether the client has stopped waiting.
func isTimeout(err error) bool {
	var network net.Error
	return errors.As(err, &network) && network.Timeout()
}

// tooLarge reports whether the server has refused the length of a value.
func tooLarge(err error) bool {
	return isReply(err) && (strings.Contains(err.Error(), "invalid bulk length") || strings.Contains(err.Error(), "maximum allowed size"))
}

// isForeign reports whether a key holds something else than RQ puts there. Before
// Redis 7 the error of a script has it in the middle.
func isForeign(err error) bool {
	var reply redis.Error
	return errors.As(err, &reply) && strings.Contains(reply.Error(), "WRONGTYPE")
}

// isWrongType reports whether a key holds something that is no hash: then there
// is no job, and the other jobs of the chunk are none the worse.
func isWrongType(err error) bool { return redis.HasErrorPrefix(err, "WRONGTYPE") }

// The waits between claims that fail double from one to the other.
const (
	firstBackOff = 100 * time.Millisecond
	lastBackOff  = 5 * time.Second
)

// sleep waits and reports whether ctx let it.
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

// How much one script, transaction or reply handles, so that other clients of the
// server get their turn, and neither side holds too much in memory.
const (
	claimMost      = 100    // jobs of a claim
	settleMost     = 100    // jobs that are settled in one round trip
	beatMost       = 200    // executions of a heartbeat
	abandonChunk   = 100    // entries of rq:wip that are read at once
	expiredChunk   = 1000   // entries that are removed from a registry
	memberChunk    = 500    // members of a set, or ids of a queue, that are read at once
	jobChunk       = 100    // jobs that maintenance or an iterator looks at
	bulkChunk      = 50     // jobs of a call that handles many: a millisecond or two
	emptyChunk     = 500    // jobs that Empty deletes
	compactChunk   = 500    // ids that Compact looks at
	fetchChunk     = 1000   // hashes that are read in one round trip
	infoChunk      = 100    // queues that are counted in one round trip
	manyChunk      = 500    // jobs of EnqueueMany in one transaction
	manySend       = 10_000 // jobs of EnqueueMany that are sent before the replies are read
	schedulerChunk = 100    // due jobs that one script moves: about two milliseconds; more are no faster
)
