package scripts

import (
	"context"
	_ "embed" // for the scripts
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
)

var (
	//go:embed lib_maintenance.lua
	libMaintenance string

	//go:embed clean_unlock.lua
	cleanUnlockLua string
	//go:embed clean_expired.lua
	cleanExpiredLua string
	//go:embed clean_ready.lua
	cleanReadyLua string
	//go:embed clean_workers.lua
	cleanWorkersLua string
	//go:embed clean_group.lua
	cleanGroupLua string
	//go:embed clean_rate_limit.lua
	cleanRateLimitLua string
	//go:embed clean_intermediate.lua
	cleanIntermediateLua string
	//go:embed recover_stuck.lua
	recoverStuckLua string
)

var (
	cleanUnlock       = redis.NewScript(cleanUnlockLua)
	cleanExpired      = redis.NewScript(libNow + cleanExpiredLua)
	cleanReady        = redis.NewScript(libNow + libRateLimit + libJob + libMaintenance + cleanReadyLua)
	cleanWorkers      = redis.NewScript(cleanWorkersLua)
	cleanGroup        = redis.NewScript(cleanGroupLua)
	cleanRateLimit    = redis.NewScript(libNow + libRateLimit + libMaintenance + cleanRateLimitLua)
	cleanIntermediate = redis.NewScript(libMaintenance + cleanIntermediateLua)
	recoverStuck      = redis.NewScript(libMaintenance + statusTable("known", "nowhere", "runs") + recoverStuckLua)
)

// CleanUnlock runs clean_unlock.lua. It reports false when the caller no longer holds
// the lock.
func CleanUnlock(ctx context.Context, c redis.Scripter, lock, token string, leave time.Duration) (bool, error) {
	n, err := run(ctx, c, cleanUnlock, []string{lock}, token, max(leave.Milliseconds(), 0))
	return n == 1, err
}

// CleanExpired runs clean_expired.lua and returns the number of entries removed.
func CleanExpired(ctx context.Context, c redis.Scripter, registry string, now int64, most int) (int64, error) {
	return run(ctx, c, cleanExpired, []string{registry}, now, most)
}

// CleanReady runs clean_ready.lua and returns how many entries it looked at, and how
// many of them stay.
func CleanReady(ctx context.Context, c redis.Scripter, queue string, skip int64, most int, now Moment) (seen, kept int64, err error) {
	return pair(cleanReady.Run(ctx, c, []string{keys.Ready(queue)}, queue, skip, most, now.Unix, now.Text))
}

// CleanWorkers runs clean_workers.lua for keys of workers that are in set, and
// returns the number of workers that are gone.
func CleanWorkers(ctx context.Context, c redis.Scripter, set string, workers []string) (int64, error) {
	return run(ctx, c, cleanWorkers, []string{set, keys.Workers}, anys(workers)...)
}

// CleanGroup runs clean_group.lua for ids of a group and returns the number of
// those removed.
func CleanGroup(ctx context.Context, c redis.Scripter, name string, ids []string) (int64, error) {
	return run(ctx, c, cleanGroup, []string{keys.Group(name), keys.Groups}, append([]any{name}, anys(ids)...)...)
}

// CleanRateLimit runs clean_rate_limit.lua. It returns how many of the jobs that it
// looked at keep their slot, and whether there may be more to do.
func CleanRateLimit(ctx context.Context, c redis.Scripter, key string, skip int64, most int, now Moment) (kept int64, more bool, err error) {
	kept, n, err := pair(cleanRateLimit.Run(ctx, c,
		[]string{keys.RateLimitAllowed(key), keys.RateLimitWaiting(key), keys.RateLimit(key), keys.RateLimits},
		key, skip, most, now.Unix, now.Text))
	return kept, n == 1, err
}

// FirstSeenTTL is how long the time is kept at which an id was first seen in an
// intermediate queue. clean_intermediate.lua has it too.
const FirstSeenTTL = 24 * time.Hour

// A Stuck is an id in an intermediate queue whose job is in no execution. FirstSeen
// and EnqueuedAt are as they are stored.
type Stuck struct{ ID, FirstSeen, EnqueuedAt string }

// An IntermediateScan is what CleanIntermediate found in some ids.
type IntermediateScan struct {
	Seen, Removed int64
	Now           string  // the time of the script, as FirstSeen
	Stuck         []Stuck // from the end on
}

// CleanIntermediate runs clean_intermediate.lua. With note it notes ids that it sees
// for the first time, and returns only the others. The time "0" is the server's.
func CleanIntermediate(ctx context.Context, c redis.Scripter, queue string, behind int64, length int, note bool, now string) (*IntermediateScan, error) {
	reply, err := cleanIntermediate.Run(ctx, c, []string{keys.Intermediate(queue)}, queue, behind, length, flag(note), now).Slice()
	if err != nil {
		return nil, err
	}
	if len(reply) < 3 || len(reply)%3 != 0 {
		return nil, errReply
	}
	var s IntermediateScan
	s.Seen, _ = reply[0].(int64)
	s.Removed, _ = reply[1].(int64)
	s.Now, _ = reply[2].(string)
	for i := 3; i < len(reply); i += 3 {
		of := texts(reply[i : i+3])
		s.Stuck = append(s.Stuck, Stuck{ID: of[0], FirstSeen: of[1], EnqueuedAt: of[2]})
	}
	return &s, nil
}

// What RecoverStuck does with a waiting job: with Ask it only reports that the job
// would be put back.
const (
	Ask     = "ask"
	PutBack = "back"
	TakeOut = "out"
)

// What RecoverStuck did: it left the id, took it out or put it back. After Asks and
// Started nothing has changed.
const (
	LeftIn   = "left"
	TakenOut = "out"
	GoneBack = "back"
	Asks     = "asks"
	Started  = "started"
)

// RecoverStuck runs recover_stuck.lua.
func RecoverStuck(ctx context.Context, c redis.Scripter, queue string, s Stuck, how string) (string, error) {
	return recoverStuck.Run(ctx, c,
		[]string{keys.Intermediate(queue), keys.Queue(queue), keys.FirstSeen(queue, s.ID), keys.Job(s.ID)},
		s.ID, queue, how, s.EnqueuedAt).Text()
}

// pair returns the two integers of a script's reply.
func pair(cmd *redis.Cmd) (first, second int64, err error) {
	n, err := cmd.Int64Slice()
	if err != nil {
		return 0, 0, err
	}
	if len(n) != 2 {
		return 0, 0, errReply
	}
	return n[0], n[1], nil
}

func anys(texts []string) []any {
	all := make([]any, len(texts))
	for i, s := range texts {
		all[i] = s
	}
	return all
}
