package interop

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq"
)

// seedEnv is the environment variable that repeats what a test did by chance.
const seedEnv = "RQ_TEST_SEED"

// chance returns what a test decides by chance with. How fast processes are is
// no part of it.
func chance(t testing.TB) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv(seedEnv); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%s=%d", seedEnv, seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// TestKill kills Go workers at random moments, starts others, and does so again
// and again, while producers and a Python worker go on.
func TestKill(t *testing.T) {
	eachLab(t, []string{oneServer}, func(t *testing.T, version string, s server) {
		kills := map[string]int{"3.0.0": 200, "2.6.1": 40, "1.16.2": 40}[version]
		if kills == 0 {
			return
		}
		c := &carnage{t: t, db: s.db(t), version: version, chance: chance(t), victims: map[string]int{}}
		py := startWorker(t, version, c.db, "--name", "py", "default")
		c.settleIn()
		c.killWorkers(kills)
		c.db.Publish(t.Context(), "rq:pubsub:py", `{"command": "shutdown"}`)
		log := py.wait(t)
		c.finish()

		lab.runs.Add(1)
		c.verify()
		if t.Failed() {
			t.Logf("the Python worker's last words:\n%s", log)
		}
	})
	lab.scenarios.Add(1)
}

// A carnage is a test that kills workers.
type carnage struct {
	t       testing.TB
	db      *redis.Client
	version string
	chance  *rand.Rand
	jobs    []faultJob
	victims map[string]int // by what they were doing
}

// A faultJob is what is known of a job that is enqueued.
type faultJob struct {
	id, queue string
	parent    string
	retries   int
	repeats   int
	limited   bool
}

// settleIn waits until the Python worker is done with its maintenance, which
// leaves the executions of jobs that it finds abandoned.
func (c *carnage) settleIn() {
	eventually(c.t, "the Python worker to be idle", func() bool {
		return c.db.HGet(c.t.Context(), "rq:worker:py", "state").Val() == "idle"
	})
}

// killWorkers has two Go workers at a time, each killed after a while, and jobs
// for them to do, now fewer than they can, now more.
func (c *carnage) killWorkers(kills int) {
	var lives [2]struct {
		*process
		end time.Time
	}
	for n := range kills + len(lives) {
		life := &lives[n%len(lives)]
		if life.process != nil {
			time.Sleep(time.Until(life.end)) // it is killed at any moment
			life.kill()
			c.outlive(life.Name)
		}
		for range c.chance.IntN(20) {
			c.enqueue()
		}
		if n < kills {
			life.process = startProcess(c.t, c.db, processConfig{
				Name: fmt.Sprintf("go-%d", n), Fleet: c.version, Queues: c.queues(), Concurrency: 3, Scheduler: n%2 == 0,
			})
			life.end = time.Now().Add(time.Duration(c.chance.IntN(300)) * time.Millisecond)
		}
	}
}

func (c *carnage) queues() []string { return []string{"high", "default"} }

// enqueue adds a job of any kind.
func (c *carnage) enqueue() {
	c.t.Helper()
	j := faultJob{id: fmt.Sprintf("job-%d", len(c.jobs)), queue: c.queues()[c.chance.IntN(2)]}
	opts := []rq.EnqueueOption{rq.JobID(j.id)}
	fails := 0
	switch n := c.chance.IntN(10); {
	case n < 2:
		j.retries, fails = 3, c.chance.IntN(2)
		opts = append(opts, rq.Retry{Max: j.retries, AtFront: c.chance.IntN(2) == 0})
	case n < 3:
		j.retries, fails = 2, 1
		opts = append(opts, rq.Retry{Max: j.retries, Intervals: []time.Duration{time.Second}})
	case n < 4 && between(c.version, "2.2", ""):
		j.repeats = 2
		opts = append(opts, rq.Repeat{Times: j.repeats})
	case n < 5 && len(c.jobs) > 0:
		j.parent = c.jobs[c.chance.IntN(len(c.jobs))].id
		opts = append(opts, rq.DependsOn(j.parent))
	}
	if c.chance.IntN(6) == 0 && between(c.version, "3.0", "") {
		j.limited = true
		opts = append(opts, rq.RateLimit{Key: fmt.Sprintf("k%d", c.chance.IntN(2)), Concurrency: 2})
	}
	if c.chance.IntN(10) == 0 && !j.limited && j.parent == "" {
		opts = append(opts, rq.AtFront())
	}
	q := rq.NewQueue(c.db, j.queue, rq.Fleet(c.version))
	if _, err := q.Enqueue(c.t.Context(), rq.Call("faults.work", c.chance.IntN(1+c.chance.IntN(40)), fails), opts...); err != nil {
		c.t.Fatal(err)
	}
	c.jobs = append(c.jobs, j)
}

// outlive notes what a worker did when it was killed, and lets its time pass.
func (c *carnage) outlive(worker string) {
	c.t.Helper()
	ctx, key := c.t.Context(), "rq:worker:"+worker
	switch {
	case c.db.Exists(ctx, key).Val() == 0:
		c.victims["starting"]++
	case c.db.Exists(ctx, key+":executions").Val() == 0:
		c.victims["waiting"]++
	default:
		c.victims["running jobs"]++
	}
	c.age(worker, true)
}

// age lets the time of a worker pass that is not heard of: its heartbeats end,
// and so do the locks that it may hold. In the end it is forgotten.
func (c *carnage) age(worker string, forgotten bool) {
	c.t.Helper()
	ctx, key := c.t.Context(), "rq:worker:"+worker
	for _, pair := range c.db.SMembers(ctx, key+":executions").Val() {
		id, execution, _ := strings.Cut(pair, ":")
		for _, q := range c.queues() {
			for _, member := range []string{pair, id} {
				c.db.ZAddXX(ctx, "rq:wip:"+q, redis.Z{Score: float64(time.Now().Unix() - 1), Member: member})
			}
		}
		c.db.ZAddXX(ctx, "rq:executions:"+id, redis.Z{Score: float64(time.Now().Unix() + 59), Member: execution})
		c.db.Del(ctx, "rq:execution:"+pair)
	}
	if forgotten {
		c.db.Del(ctx, key, key+":executions")
	}
	for _, q := range c.queues() {
		c.db.Del(ctx, "rq:clean_registries:"+q, "rq:scheduler-lock:"+q)
	}
}

// finish has a Go worker run what is left, until nothing is.
func (c *carnage) finish() {
	c.t.Helper()
	for range 20 {
		c.passTime()
		c.runLast()
		if c.unfinished() == 0 {
			return
		}
	}
	c.t.Errorf("%d jobs do not come to an end", c.unfinished())
}

// runLast has a Go worker clean up and run jobs until the queues are empty.
func (c *carnage) runLast() {
	c.t.Helper()
	w, err := faultWorker(c.db, processConfig{Name: "last", Fleet: c.version, Queues: c.queues(), Concurrency: 3, Scheduler: true, Burst: true}, c.t.Output())
	if err != nil {
		c.t.Fatal(err)
	}
	if err := w.Run(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
}

// passTime makes an hour pass for what waits: for its time, or for maintenance.
// Nobody is alive.
func (c *carnage) passTime() {
	ctx := c.t.Context()
	for _, q := range c.queues() {
		for _, z := range c.db.ZRangeWithScores(ctx, "rq:scheduled:"+q, 0, -1).Val() {
			c.db.ZAddXX(ctx, "rq:scheduled:"+q, redis.Z{Score: z.Score - 3600, Member: z.Member})
		}
		for _, member := range c.db.ZRange(ctx, "rq:wip:"+q, 0, -1).Val() {
			c.db.ZAddXX(ctx, "rq:wip:"+q, redis.Z{Score: float64(time.Now().Unix() - 1), Member: member})
		}
		for _, execution := range c.db.Keys(ctx, "rq:execution:*").Val() {
			c.db.Del(ctx, execution)
		}
		intermediate := "rq:queue:" + q + ":intermediate"
		for _, id := range c.db.LRange(ctx, intermediate, 0, -1).Val() {
			at := time.Now().Add(-time.Hour)
			c.db.HSet(ctx, "rq:job:"+id, "enqueued_at", at.UTC().Format("2006-01-02T15:04:05.000000Z"))
			seen := intermediate + ":first_seen:" + id
			c.db.SetXX(ctx, seen, fmt.Sprintf("%d.5", at.Unix()+60), time.Hour)
		}
		c.db.Del(ctx, "rq:clean_registries:"+q, "rq:scheduler-lock:"+q)
	}
}

// unfinished counts the jobs that are still to run.
func (c *carnage) unfinished() (n int64) {
	ctx := context.WithoutCancel(c.t.Context())
	for _, q := range c.queues() {
		n += c.db.LLen(ctx, "rq:queue:"+q).Val() + c.db.LLen(ctx, "rq:queue:"+q+":intermediate").Val() +
			c.db.ZCard(ctx, "rq:wip:"+q).Val() + c.db.ZCard(ctx, "rq:scheduled:"+q).Val()
	}
	return n
}
