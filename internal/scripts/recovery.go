package scripts

import (
	"context"
	_ "embed" // for the scripts
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
)

var (
	//go:embed lib_now.lua
	libNow string

	//go:embed take_lock.lua
	takeLockLua string
	//go:embed look_queues.lua
	lookQueuesLua string
	//go:embed look_limits.lua
	lookLimitsLua string
	//go:embed find_abandoned.lua
	findAbandonedLua string
	//go:embed take_over.lua
	takeOverLua string
)

var (
	takeLock      = redis.NewScript(takeLockLua)
	lookQueues    = redis.NewScript(libNow + lookQueuesLua)
	lookLimits    = redis.NewScript(lookLimitsLua)
	findAbandoned = redis.NewScript(libNow + findAbandonedLua)
	takeOver      = redis.NewScript(libNow + libOwn + libMaintenance + takeOverLua)
)

// ServerTime stands for the server's time where a script takes Unix seconds. Workers
// compare expiries by it, because their own clocks may be wrong.
const ServerTime = 0

// TakeLock runs take_lock.lua. It reports false when another holds the lock.
func TakeLock(ctx context.Context, c redis.Scripter, lock, token string, keep time.Duration) (bool, error) {
	n, err := run(ctx, c, takeLock, []string{lock}, token, max(keep.Milliseconds(), 1))
	return n == 1, err
}

// A Look is what LookQueues returns for a queue.
type Look struct {
	Taken     int64 // ids in the intermediate queue
	Ready     int64 // jobs that are about to be enqueued
	Abandoned bool  // the heartbeat of a started job has expired
}

// LookQueues runs look_queues.lua and returns a Look for each queue.
func LookQueues(ctx context.Context, c redis.Scripter, queues []string, now int64) ([]Look, error) {
	var k []string
	for _, q := range queues {
		k = append(k, keys.Intermediate(q), keys.Ready(q), keys.Started(q))
	}
	n, err := lookQueues.Run(ctx, c, k, now).Int64Slice()
	if err != nil {
		return nil, err
	}
	if len(n) != len(k) {
		return nil, errReply
	}
	looks := make([]Look, len(queues))
	for i := range looks {
		looks[i] = Look{Taken: n[3*i], Ready: n[3*i+1], Abandoned: n[3*i+2] == 1}
	}
	return looks, nil
}

// LookLimits runs look_limits.lua. It returns the rate limits that jobs wait for,
// the number of workers, and the cursor for the next call, "0" at the end.
func LookLimits(ctx context.Context, c redis.Scripter, cursor string, count int) (limits []string, workers int64, next string, err error) {
	reply, err := lookLimits.Run(ctx, c, []string{keys.RateLimits, keys.Workers}, cursor, count).Slice()
	if err != nil {
		return nil, 0, "", err
	}
	if len(reply) < 2 {
		return nil, 0, "", errReply
	}
	next, known := reply[0].(string)
	workers, counted := reply[1].(int64)
	if !known || !counted {
		return nil, 0, "", errReply
	}
	return texts(reply[2:]), workers, next, nil
}

// FindAbandoned runs find_abandoned.lua for the started jobs of a queue.
func FindAbandoned(ctx context.Context, c redis.Scripter, queue string, skip, most int, now int64) ([]string, error) {
	return findAbandoned.Run(ctx, c, []string{keys.Started(queue)}, skip, most, now).StringSlice()
}

// A Takeover is what TakeOver needs to know.
type Takeover struct {
	Queue, ID        string
	Entry, Execution string // where it was found; "" if in none, or not known
	OwnEntry, Own    string // the caller's entry and execution
	Keep             int    // seconds
	Now              int64
	Float            string
}

// The states in which TakeOver finds a job.
const (
	TakenOver = "taken" // the caller has taken it over
	Alive     = "alive" // there is nothing to do
	Over      = "over"  // its entry was left over and has been removed
)

// TakeOver runs take_over.lua. It returns TakenOver with the hash of the job, Alive
// or Over.
func TakeOver(ctx context.Context, c redis.Scripter, p Takeover) (string, map[string]string, error) {
	reply, err := takeOver.Run(ctx, c, []string{keys.Started(p.Queue), keys.Job(p.ID), keys.Executions(p.ID)},
		p.ID, p.Entry, p.Execution, p.OwnEntry, p.Own, p.Keep, strconv.FormatInt(p.Now, 10), p.Float).Result()
	if err != nil {
		return "", nil, err
	}
	if flat, ok := reply.([]any); ok {
		return TakenOver, hashOf(flat), nil
	}
	if text, ok := reply.(string); ok && (text == Alive || text == Over) {
		return text, nil, nil
	}
	return "", nil, errReply
}

// hashOf returns a hash that a script returns as fields and values.
func hashOf(flat []any) map[string]string {
	hash := make(map[string]string, len(flat)/2)
	for i := 0; i+1 < len(flat); i += 2 {
		field, _ := flat[i].(string)
		hash[field], _ = flat[i+1].(string)
	}
	return hash
}
