package scripts

import (
	"context"
	_ "embed" // for the script

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redisx"
)

//go:embed release_dependents.lua
var releaseDependentsLua string

var releaseDependents = redis.NewScript(libRateLimit + libJob + libDependents + releaseDependentsLua)

// A Release says where ReleaseDependents goes on. The zero Release is for whatever is
// due.
type Release struct{ entry, job, cursor string }

// ReleaseDependents runs release_dependents.lua: one step with the jobs that others have
// left when the one they wait for ended. It reports whether there is more to do, and
// where to go on. An entry that nobody goes on with is due again after 5 seconds.
func ReleaseDependents(ctx context.Context, c redis.Scripter, at Release, now Moment) (next Release, more bool, err error) {
	reply, err := releaseDependents.Run(ctx, c, []string{keys.Releasing}, at.entry, at.job, at.cursor, now.Unix, now.Text).StringSlice()
	if err == nil && len(reply) != 4 {
		err = errReply
	}
	if err != nil {
		return at, false, err
	}
	return Release{reply[1], reply[2], reply[3]}, reply[0] == "1", nil
}

// ReleaseAllDependents takes steps of ReleaseDependents until nothing is due. After an error
// it can be repeated, by anybody.
func ReleaseAllDependents(ctx context.Context, c redis.Scripter, now Moment) error {
	var at Release
	for more := true; more; {
		if err := ctx.Err(); err != nil {
			return err
		}
		var err error
		if at, more, err = ReleaseDependents(ctx, c, at, now); err != nil {
			return err
		}
	}
	return nil
}

// memberChunk is how many members of a set are read at once.
const memberChunk = 500

// leaveAllDependencies takes a job out of the sets of dependents of those it waits for.
// It is canceled: where it is still in one, it does no harm.
func leaveAllDependencies(ctx context.Context, c redis.UniversalClient, id string) error {
	for cursor := uint64(0); ; {
		ids, next, err := c.SScan(ctx, keys.Dependencies(id), cursor, "", memberChunk).Result()
		if redisx.IsForeign(err) {
			return nil // it waits for none
		}
		if err == nil && len(ids) > 0 {
			err = redisx.Read(ctx, c, len(ids), func(pipe redis.Pipeliner, i int) *redis.IntCmd {
				return pipe.SRem(ctx, keys.Dependents(ids[i]), id)
			}, func(int, int64) int { return 1 })
		}
		if err != nil || next == 0 {
			return err
		}
		cursor = next
	}
}
