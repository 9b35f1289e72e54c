package rq

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redistest"
)

// names are those that people give, and how the server lists their connections.
var names = map[string]string{
	"w-1":                "w-1",
	"RQ worker 4 [host]": "RQ_worker_4_[host]",
	"wörker":             "w_rker",
	"作業 1":               "___1",
}

func TestConnectionNames(t *testing.T) {
	t.Parallel()
	for name, want := range names {
		assert.Equal(t, want, connectionName(name))
	}
}

// TestWorkerNames has workers of those names run a job, also where the server
// refuses CLIENT in one way or another.
func TestWorkerNames(t *testing.T) {
	t.Parallel()
	renamed := ownServer(t, "--rename-command", "CLIENT", "")
	app := asUser(t, ownServer(t), "~*", "&*", "+@all", "-client")
	for server, rdb := range map[string]*redis.Client{"plain": redistest.Real(t), "renamed": renamed, "refused": app} {
		for name := range names {
			name += uuid.NewString() // the server is shared
			ctx, log, started := t.Context(), new(logBook), make(chan struct{})
			q := NewQueue(rdb, uuid.NewString())
			j, err := q.Enqueue(ctx, Call("f"))
			require.NoError(t, err)
			w := startWorker(t, rdb, Handlers{"f": Func(func() int { close(started); return 1 })},
				WorkerConfig{Name: name, Queues: []string{q.Name()}, MaxIdle: 100 * time.Millisecond, Logger: log.logger()})
			<-started
			if server == "plain" {
				assert.Contains(t, rdb.ClientList(ctx).Val(), " name="+connectionName(name)+" ")
			}
			info, err := FindWorker(ctx, rdb, name)
			require.NoError(t, err)
			assert.Equal(t, server != "plain", info.IPAddress == "unknown")
			require.NoError(t, w.result(t), "%s on %s", name, server)
			status, err := j.GetStatus(ctx)
			require.NoError(t, err)
			assert.Equal(t, StatusFinished, status)
			warnings := strings.Count(log.String(), "refuses CLIENT")
			assert.Equal(t, server != "plain", warnings == 1, "one warning if it is refused, else none: %d", warnings)
			assert.True(t, rdb.HExists(ctx, keys.Worker(name), "death").Val())
		}
	}
}
