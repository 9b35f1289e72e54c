package rq

import (
	"context"
	"strings"

	"github.com/rqgo/rq/internal/scripts"
)

// checkPermissions returns an error when the user may not run the commands that every job
// needs, and warns of other missing ones. Before Redis 7 servers cannot be asked, and a
// missing permission shows only when it is needed.
func (r *presence) checkPermissions(ctx context.Context) error {
	needed, err := scripts.CheckPermissions(ctx, r.db, scripts.Work...)
	if err != nil {
		return wrapf(err, "ask for permissions, see docs/permissions.md")
	}
	if len(needed) > 0 {
		return &InvalidError{"commands", strings.Join(needed, " "), permit}
	}
	missing, err := scripts.CheckPermissions(ctx, r.db, append([]string{"info", "pubsub", "subscribe"}, scripts.Clean...)...)
	if err != nil {
		return wrapf(err, "ask for permissions, see docs/permissions.md")
	}
	if len(missing) > 0 {
		r.log.Warn("rq: the user of the connection may not run some commands, or not on RQ's keys and channels: the worker works without them, "+
			"but may not obey commands or clean up: see docs/permissions.md", "commands", strings.Join(missing, " "))
	}
	return nil
}

const permit = "must be permitted to the user of the connection, on RQ's keys: see docs/permissions.md"
