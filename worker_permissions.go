package rq

import (
	"context"
	"strings"

	"github.com/rqgo/rq/internal/scripts"
)

// checkPermissions refuses a server whose user may not run what each job takes, and
// warns of what else is missing. Servers before Redis 7 cannot be asked; there, what
// is refused shows when it is needed.
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
		r.log.Warn("rq: the user of the connection may not run some commands, or not on RQ's keys and channels: the worker works without, "+
			"but cannot obey commands or clean up as it should: see docs/permissions.md", "commands", strings.Join(missing, " "))
	}
	return nil
}

const permit = "must be permitted to the user of the connection, on RQ's keys: see docs/permissions.md"
