package scripts

import (
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

// registers runs RegisterWorker of worker w, born at B, for queues q and r.
func registers(how string, want bool) func(*testing.T, *redis.Client) {
	return func(t *testing.T, rdb *redis.Client) {
		got, err := RegisterWorker(t.Context(), rdb, "w", how, 480, []string{"q", "r"}, []any{"pid", 1, "birth", "B", "state", "started"})
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func TestRegisterWorker(t *testing.T) {
	t.Parallel()
	entered := keyspace{
		"rq:worker:w": "hash birth=B pid=1 state=started ttl 480", "rq:workers": "set rq:worker:w",
		"rq:workers:q": "set rq:worker:w", "rq:workers:r": "set rq:worker:w",
	}
	other := "HSET rq:worker:w birth A current_job a successful_job_count 7"
	own := "HSET rq:worker:w birth B state busy successful_job_count 7"
	runs := "SADD rq:worker:w:executions a:e"
	died := "HSET rq:worker:w death D"
	fails := func(how string) func(*testing.T, *redis.Client) {
		return func(t *testing.T, rdb *redis.Client) {
			_, err := RegisterWorker(t.Context(), rdb, "w", how, 480, []string{"q", "r"}, []any{"birth", "B"})
			require.ErrorContains(t, err, "WRONGTYPE")
		}
	}
	play(t, []scene{
		{name: "new", act: registers(New, true), want: entered},
		{
			name: "new, beside others", before: []string{"SADD rq:workers rq:worker:v", "SADD rq:workers:q rq:worker:v"}, act: registers(New, true),
			want: entered.and(keyspace{"rq:workers": "set rq:worker:v rq:worker:w", "rq:workers:q": "set rq:worker:v rq:worker:w"}),
		},
		{name: "new, and the name is taken", before: []string{other, runs}, act: registers(New, false)},
		{name: "new, and the name is its own", before: []string{own, runs}, act: registers(New, false)},
		{name: "new, and the other one died", before: []string{other, died, "EXPIRE rq:worker:w 60", runs}, act: registers(New, true), want: entered.and(keyspace{"rq:worker:w:executions": ""})},
		{name: "new, and a late heartbeat is all that is left", before: []string{"HSET rq:worker:w last_heartbeat T"}, act: registers(New, true), want: entered},
		{name: "new, and executions are all that is left", before: []string{runs}, act: registers(New, true), want: entered.and(keyspace{"rq:worker:w:executions": ""})},
		{name: "instead of another one", before: []string{other, runs}, act: registers(Instead, true), want: entered.and(keyspace{"rq:worker:w:executions": ""})},
		{name: "instead of nobody", act: registers(Instead, true), want: entered},
		{name: "again", before: []string{runs}, act: registers(Again, true), want: entered},
		{
			name: "again, and it was there: what it counted stays", before: []string{own, runs}, act: registers(Again, true),
			want: entered.and(keyspace{"rq:worker:w": "hash birth=B pid=1 state=started successful_job_count=7 ttl 480"}),
		},
		{name: "again, and another one has the name", before: []string{other, runs}, act: registers(Again, false)},
		{
			name: "again, and the other one died", before: []string{"HSET rq:worker:w birth A", died}, act: registers(Again, true),
			want: entered.and(keyspace{"rq:worker:w": "hash birth=B pid=1 state=started ttl 480"}),
		},
		{
			name: "for no queue",
			act: func(t *testing.T, rdb *redis.Client) {
				_, err := RegisterWorker(t.Context(), rdb, "w", New, 480, nil, []any{"birth", "B"})
				require.NoError(t, err)
			},
			want: keyspace{"rq:worker:w": "hash birth=B ttl 480", "rq:workers": "set rq:worker:w"},
		},

		{name: "the name is another key's", before: []string{"SET rq:worker:w x"}, act: fails(New)},
		{name: "the name is another key's, which is replaced", before: []string{"SET rq:worker:w x"}, act: registers(Instead, true), want: entered},
		{name: "its executions are another key's", before: []string{"SET rq:worker:w:executions x"}, act: registers(New, true), want: entered.and(keyspace{"rq:worker:w:executions": ""})},
		{name: "no set of workers", before: []string{"SET rq:workers x", other, died}, act: fails(New)},
		{
			name: "no set of a queue's workers: no worker, but an entry of it", before: []string{"SET rq:workers:r x", other, died}, act: fails(New),
			want: keyspace{"rq:workers": "set rq:worker:w", "rq:workers:q": "set rq:worker:w"},
		},
	})
}
