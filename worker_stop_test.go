package rq

import (
	"context"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redistest"
)

// A disturbance is what happens to workers that are stopped.
type disturbance struct {
	name  string
	lanes int // that stop workers one after the other, each on a database of its own
	stops int // of each lane
	// rule is the gate's all the time, if it is not nil.
	rule redistest.Rule
	// happen is called around each stop, if it is not nil, and returns when all is well.
	happen func(t *testing.T, l *stopLane)
}

// disturbances are those of TestGracefulStops. Those in which replies are lost have few
// stops a lane: a worker that does not know what a move did looks for 2 s.
var disturbances = []disturbance{
	{name: "none", lanes: 4, stops: 17},
	{name: "cut connections", lanes: 30, stops: 1, happen: cutSome},
	{name: "busy", lanes: 5, stops: 4, happen: answerBusy},
	{name: "a script that runs", lanes: 1, stops: 5, happen: runScript},
	{name: "no CLIENT UNBLOCK", lanes: 10, stops: 1, rule: refuse("unblock")},
	{name: "no CLIENT UNBLOCK and KILL", lanes: 5, stops: 1, rule: refuse("unblock", "kill")},
	{name: "no CLIENT", lanes: 10, stops: 1, rule: refuse("unblock", "kill", "id", "info", "setname", "setinfo", "tracking")},
}

// refuse refuses some of CLIENT.
func refuse(which ...string) redistest.Rule {
	return func(_ int, args []string) redistest.Answer {
		if args[0] == "client" && slices.Contains(which, args[1]) {
			return redistest.Answer{Error: "NOPERM this user has no permissions to run the 'client|" + args[1] + "' command"}
		}
		return redistest.Answer{}
	}
}

// cutSome breaks connections before the server has a command, or before it has
// answered, at random steps, 5 times at the most.
func cutSome(_ *testing.T, l *stopLane) {
	left, often := 5, 1+l.random.IntN(4)
	random := rand.New(rand.NewPCG(l.random.Uint64(), 0)) // of the gate's goroutines, one at a time
	l.gate.Set(func(int, []string) redistest.Answer {
		if left == 0 || random.IntN(often) > 0 {
			return redistest.Answer{}
		}
		left--
		cut := random.IntN(2) == 0
		return redistest.Answer{Cut: cut, Lose: !cut}
	})
}

// answerBusy refuses everything for a moment, as a server that runs a script.
func answerBusy(_ *testing.T, l *stopLane) {
	l.gate.Set(func(int, []string) redistest.Answer {
		return redistest.Answer{Error: "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."}
	})
	time.Sleep(time.Duration(l.random.IntN(80)) * time.Millisecond) // the stop is in between
	l.gate.Set(nil)
}

// runScript has the server run a script for a moment.
func runScript(t *testing.T, l *stopLane) {
	assert.NoError(t, l.rdb.ConfigSet(t.Context(), "lua-time-limit", "5").Err())
	ended := make(chan error, 1)
	go func() { ended <- l.rdb.Eval(t.Context(), "while true do end", nil).Err() }()
	time.Sleep(time.Duration(10+l.random.IntN(80)) * time.Millisecond) // the stop is in between
	for {
		_ = l.rdb.ScriptKill(t.Context()) // until it has begun
		select {
		case err := <-ended:
			assert.ErrorContains(t, err, "kill")
			return
		case <-time.After(time.Millisecond):
		}
	}
}

// A stopLane stops workers one after the other.
type stopLane struct {
	disturbance
	rdb     *redis.Client // beside the gate
	through *redis.Client
	gate    *redistest.Gate
	random  *rand.Rand
	queues  []string
	tally   tally
	sent    atomic.Int64
}

func newStopLane(t *testing.T, d disturbance, seed uint64) *stopLane {
	l := &stopLane{disturbance: d, random: rand.New(rand.NewPCG(seed, 1)), queues: []string{"a", "b", "c"}[:1+2*(seed%2)], tally: tally{runs: map[string]int{}}}
	l.rdb = redistest.Real(t)
	if d.name == "a script that runs" {
		l.rdb = ownServer(t)
	}
	l.gate = redistest.NewGate(t, l.rdb.Options().Addr)
	l.gate.Set(d.rule)
	l.through = redis.NewClient(&redis.Options{Addr: l.gate.Addr, DB: l.rdb.Options().DB})
	t.Cleanup(func() { _ = l.through.Close() })
	return l
}

// enqueue enqueues a job now and then until stop is closed.
func (l *stopLane) enqueue(t *testing.T, random *rand.Rand, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case <-time.After(time.Duration(random.IntN(5000)) * time.Microsecond):
			id := "j" + strconv.FormatInt(l.sent.Add(1), 10)
			_, err := NewQueue(l.rdb, l.queues[random.IntN(len(l.queues))]).Enqueue(t.Context(), Call("count", random.IntN(3)), JobID(id), Unique())
			for err != nil { // a script runs
				_, err = NewQueue(l.rdb, l.queues[0]).Enqueue(t.Context(), Call("count", 0), JobID(id), Unique())
			}
		}
	}
}

func (l *stopLane) queued(t *testing.T) (n int64) {
	for _, queue := range l.queues {
		n += l.rdb.LLen(t.Context(), keys.Queue(queue)).Val()
	}
	return n
}

// stop stops a worker while jobs come, and looks what it has left.
func (l *stopLane) stop(t *testing.T) {
	w, err := NewWorker(l.through, l.tally.handlers(), WorkerConfig{Queues: l.queues, Concurrency: 4, Logger: quiet})
	require.NoError(t, err)
	w.look = time.Hour // nobody else finds what it leaves
	ctx, cancel := context.WithCancel(t.Context())
	ended, enough := make(chan error, 1), make(chan struct{})
	go func() { ended <- w.Run(ctx) }()
	for l.rdb.HGet(ctx, keys.Worker(w.Name()), "state").Val() != "idle" || l.queued(t) > 0 { // such as jobs of the last one
		time.Sleep(time.Millisecond)
	}
	var beside sync.WaitGroup
	producer, ran := rand.New(rand.NewPCG(l.random.Uint64(), 2)), w.JobsRun()
	beside.Go(func() { l.enqueue(t, producer, enough) })
	for some := 1 + l.random.IntN(5); w.JobsRun() < ran+some; { // it takes jobs as they come
		time.Sleep(time.Millisecond)
	}
	pause := time.Duration(l.random.IntN(25)) * time.Millisecond
	if l.happen != nil {
		beside.Go(func() { l.happen(t, l) })
	}
	time.Sleep(pause) // the stop comes at any step
	cancel()
	time.Sleep(5 * time.Millisecond) // and jobs a moment longer
	close(enough)
	assert.NoError(t, <-ended)
	beside.Wait()
	l.gate.Set(l.rule)
	for _, queue := range l.queues {
		assert.Empty(t, l.rdb.LRange(t.Context(), keys.Intermediate(queue), 0, -1).Val(), "%s: left in the intermediate queue of %s", l.name, queue)
	}
}

// verify has the jobs run that are queued still, and checks that all have run once.
func (l *stopLane) verify(t *testing.T) {
	ctx := t.Context()
	w, err := NewWorker(l.rdb, l.tally.handlers(), WorkerConfig{Queues: l.queues, Concurrency: 10, Burst: true, Logger: quiet})
	require.NoError(t, err)
	w.look = time.Hour
	require.NoError(t, w.Run(ctx))
	assert.EqualValues(t, l.sent.Load(), len(l.tally.runs), "%s: jobs that ran", l.name)
	for id, runs := range l.tally.runs {
		assert.Equal(t, 1, runs, "%s: runs of job %s", l.name, id)
	}
	var finished int64
	for _, queue := range l.queues {
		finished += l.rdb.ZCard(ctx, keys.Finished(queue)).Val()
	}
	assert.Equal(t, l.sent.Load(), finished, "%s: jobs that are recorded as finished", l.name)
	assertNoExecutions(t, l.rdb)
}

// TestGracefulStops stops workers while jobs come in, with replies that are lost at
// random steps, with a server that is busy, and with one that cannot end a blocking
// move. After each stop no id is in an intermediate queue, where RQ's maintenance would
// fail its job, and at the end each job has run once.
//
// It takes as long as a worker looks for an id that it may have moved: 2 s after the
// move has ended, which where CLIENT is refused is up to 4 s after it began.
func TestGracefulStops(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	var lanes sync.WaitGroup
	for _, d := range disturbances {
		for range d.lanes {
			seed++
			l := newStopLane(t, d, seed)
			lanes.Go(func() {
				for range l.stops {
					l.stop(t)
				}
				l.verify(t)
			})
		}
	}
	lanes.Wait()
}
