package interop

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq"
)

// living is everyState without a job that is gone, with jobs that were never
// enqueued, and with one that a worker of its own queue runs.
var living = strings.ReplaceAll(everyState, "connection.delete('rq:job:gone')", "") + `
Job.create('tasks.add', (1,), connection=connection, id='created').save()
q.enqueue('tasks.add', 1, job_id='waits', depends_on=['queued', 'finished'])
Queue('live', connection=connection).enqueue('tasks.wait_for', 'go', job_id='running')
`

// stored reads a database as it is, without how long keys live still.
func stored(t *testing.T, rdb *redis.Client) map[string]string {
	t.Helper()
	raw, err := readKeys(t.Context(), rdb)
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]string, len(raw))
	for key, e := range raw {
		all[key] = fmt.Sprint(e.kind, e.fields, e.ttl > 0)
	}
	return all
}

// TestPruneLeavesTheLivingAlone prunes where Python has left nothing behind, and
// where a worker is at work.
func TestPruneLeavesTheLivingAlone(t *testing.T) {
	eachLab(t, []string{oneServer}, func(t *testing.T, version string, s server) {
		ctx, e := t.Context(), newEnv(t, version, s)
		lab.runs.Add(1)
		e.py.exec(t, living)
		w := startWorker(t, version, e.db, "--burst", "live")
		eventually(t, "the job runs", func() bool { return e.db.LLen(ctx, "go:running").Val() == 1 })
		before := stored(t, e.db)

		for o, err := range rq.FindOrphans(ctx, e.db) {
			t.Error(o, err)
		}
		counts, err := rq.PruneOrphans(ctx, e.db, rq.OrphanKinds())
		if err != nil {
			t.Fatal(err)
		}

		for kind, n := range counts {
			equal(t, string(kind), n, 0)
		}
		after := stored(t, e.db)
		for _, key := range slices.Sorted(maps.Keys(before)) {
			equal(t, key, after[key], before[key])
		}
		equal(t, "keys", len(after), len(before))
		e.db.RPush(ctx, "go", "on")
		w.wait(t)
		var status string
		e.py.eval(t, "Job.fetch('running', connection=connection).get_status()", &status)
		equal(t, "the job that ran", status, "finished")
	})
	lab.scenarios.Add(1)
}

// orphaned leaves what Python does when jobs are deleted, by itself, behind its
// back and by eviction, and when a worker of two queues dies with a job in hand.
const orphaned = everyState + `
other = Queue('other', connection=connection)
other.enqueue('tasks.add', 1, job_id='taken')
assert Queue.dequeue_any([Queue('none', connection=connection), other], None, connection=connection)[0].id == 'taken'
for id in ('a', 'b'): q.enqueue('tasks.add', 1, job_id='q-' + id, at_front=id == 'a')
q.enqueue('tasks.add', 1, job_id='d-a', depends_on='q-b')
q.enqueue_in(timedelta(hours=1), 'tasks.add', 1, job_id='s-a')
q.enqueue('tasks.add', 1, job_id='c-a').cancel()
q.enqueue('tasks.add', 1, job_id='deleted'); q.enqueue('tasks.fail', job_id='deleted-too')
saved = connection.lrange(q.key, 0, -1); connection.delete(q.key); connection.rpush(q.key, 'deleted', 'deleted-too')
work()
connection.rpush(q.key, *[i for i in saved if not i.startswith(b'deleted')])
for id in ('deleted', 'deleted-too'): Job.fetch(id, connection=connection).delete()
for id in ('q-a', 'q-b', 'd-a', 's-a', 'c-a'): connection.delete('rq:job:' + id)
now = int(datetime.now(timezone.utc).timestamp())
connection.zadd('rq:wip:default', {'w-a:e' if rq.VERSION[0] > '1' else 'w-a': now - 5})
connection.zadd('rq:executions:w-a', {'e': now - 5}); connection.hset('rq:execution:w-a:e', 'id', 'e')
`

// survivors are the ids that Python is to count when orphans are gone.
var survivors = map[string][]string{
	"finished": {"finished", "kept"}, "failed": {"failed", "forever"}, "deferred": {"deferred"}, "scheduled": {"scheduled"}, "canceled": {"canceled"},
	"started": {},
}

// TestPruneWhatPythonLeaves has Python count right what is left.
func TestPruneWhatPythonLeaves(t *testing.T) {
	eachLab(t, []string{oneServer}, func(t *testing.T, version string, s server) {
		ctx, e := t.Context(), newEnv(t, version, s)
		lab.runs.Add(1)
		e.py.exec(t, orphaned)
		found := map[rq.OrphanKind]int{}
		for o, err := range rq.FindOrphans(ctx, e.db) {
			if err != nil {
				t.Fatal(err)
			}
			found[o.Kind]++
		}

		counts, err := rq.PruneOrphans(ctx, e.db, nil)
		if err != nil {
			t.Fatal(err)
		}

		for kind, n := range found {
			if kind != rq.OrphanJob {
				equal(t, string(kind), counts[kind], n)
			}
		}
		equal(t, "jobs that are nowhere", found[rq.OrphanJob], 1)
		equal(t, "the job that is nowhere", e.db.Exists(ctx, "rq:job:taken").Val(), int64(1))
		equal(t, "entries", counts[rq.OrphanEntry], 7)
		var ids []string
		e.py.eval(t, "q.job_ids", &ids)
		equal(t, "queue", ids, []string{"queued"})
		for name, want := range survivors {
			e.py.eval(t, "sorted("+class(name)+".get_job_ids())", &ids)
			equal(t, name, append([]string{}, ids...), want)
			var n int
			e.py.eval(t, class(name)+".count", &n)
			equal(t, name+" count", n, len(want))
		}
		for _, key := range e.db.Keys(ctx, "rq:results:*").Val() {
			equal(t, key, e.db.Exists(ctx, "rq:job:"+strings.TrimPrefix(key, "rq:results:")).Val(), int64(1))
		}
		equal(t, "executions", e.db.Keys(ctx, "rq:execution*").Val(), []string{})

		counts, err = rq.PruneOrphans(ctx, e.db, rq.OrphanKinds())
		equal(t, "again", fmt.Sprint(counts[rq.OrphanJob], counts[rq.OrphanEntry], err), "1 0 <nil>")
		equal(t, "the job that is nowhere", e.db.Exists(ctx, "rq:job:taken").Val(), int64(0))
		e.py.exec(t, "work()")
		e.py.eval(t, "sorted(FinishedJobRegistry(queue=q).get_job_ids())", &ids)
		equal(t, "what runs after it", ids, []string{"deferred", "finished", "kept", "queued"})
	})
	lab.scenarios.Add(1)
}
