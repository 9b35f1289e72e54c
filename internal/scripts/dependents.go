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

// A Release says where ReleaseDependents continues. The zero Release takes any entry
// that is due.
type Release struct{ entry, job, cursor string }

// ReleaseDependents runs release_dependents.lua: one step for dependents that another
// script has left in rq:releasing. It reports whether there is more to do, and where to
// continue. An entry that nobody continues is due again after 5 seconds.
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

// ReleaseAllDependents calls ReleaseDependents until nothing is due. After an error it can
// be repeated, by any client.
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

// leaveAllDependencies takes a canceled job out of the sets of dependents of the jobs
// that it waits for. It does no harm in a set where it remains.
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
