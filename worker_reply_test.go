package rq

import (
	"io"
	"net"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/keys"
)

// A fate is what becomes of a request on its way to the server.
type fate int

const (
	passes    fate = iota
	unsent         // the connection breaks before the server has it
	unheard        // it is done, and the connection breaks before the reply
	waitsLong      // the client gives up; the server gets it when the test says so
)

// The requests that are to meet a fate.
var (
	claimRequest  = regexp.MustCompile(`evalsha\r\n\$40\r\n\w+\r\n\$1\r\n\d\r\n\$\d+\r\nrq:worker:\w+\r\n\$\d+\r\nrq:worker:\w+:executions\r\n\$\d\r\n[1-9]\r\n`)
	settleRequest = regexp.MustCompile(`evalsha\r\n\$40\r\n\w+\r\n\$\d\r\n\d+\r\n\$\d+\r\nrq:job:`)
)

// A faultyProxy passes requests on to a server, but for one.
type faultyProxy struct {
	through *redis.Client
	which   *regexp.Regexp
	late    chan struct{} // is closed when a request that waits may go on
	release func()        // closes late

	mu   sync.Mutex
	next fate // of the next such request
	hit  chan struct{}
}

// newFaultyProxy returns a proxy in front of a server that knows the scripts of
// a worker, so that no fate is met in vain.
func newFaultyProxy(t *testing.T, rdb *redis.Client, which *regexp.Regexp, next fate) *faultyProxy {
	t.Helper()
	p := &faultyProxy{which: which, late: make(chan struct{}), next: next, hit: make(chan struct{})}
	p.release = sync.OnceFunc(func() { close(p.late) })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { p.serve(client, rdb.Options().Addr) })
		}
	})
	p.through = redis.NewClient(&redis.Options{Addr: l.Addr().String(), DB: rdb.Options().DB, ReadTimeout: 300 * time.Millisecond})
	t.Cleanup(func() { p.release(); _ = p.through.Close(); _ = l.Close(); serving.Wait() })
	return p
}

// warmServer returns a client of an empty server that knows a worker's scripts.
func warmServer(t *testing.T) *redis.Client {
	t.Helper()
	rdb := ownServer(t)
	_, err := NewQueue(rdb, "default").Enqueue(t.Context(), Call("tasks.add", 1, 2))
	require.NoError(t, err)
	burst(t, rdb, WorkerConfig{})
	require.NoError(t, rdb.FlushDB(t.Context()).Err())
	return rdb
}

// serve is the life of one connection.
func (p *faultyProxy) serve(client net.Conn, to string) {
	defer client.Close()
	server, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer server.Close()
	deaf := make(chan struct{})
	replies := make(chan struct{})
	go func() {
		defer close(replies)
		defer client.Close()
		p.reply(client, server, deaf)
	}()
	buf := make([]byte, 256<<10)
	for {
		n, err := client.Read(buf)
		if err != nil {
			_ = server.(*net.TCPConn).CloseWrite()
			<-replies
			return
		}
		switch p.fate(buf[:n]) {
		case unsent:
			return
		case unheard:
			close(deaf)
		case waitsLong:
			close(deaf)
			<-p.late
		}
		if _, err := server.Write(buf[:n]); err != nil {
			return
		}
	}
}

// reply passes replies on until the client is to hear no more.
func (p *faultyProxy) reply(client io.Writer, server io.Reader, deaf <-chan struct{}) {
	buf := make([]byte, 256<<10)
	for {
		n, err := server.Read(buf)
		select {
		case <-deaf:
			return
		default:
		}
		if err != nil {
			return
		}
		if _, err := client.Write(buf[:n]); err != nil {
			return
		}
	}
}

// fate returns what becomes of a request, and is passes after the first of its
// kind that is not.
func (p *faultyProxy) fate(request []byte) fate {
	if !p.which.Match(request) {
		return passes
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	next := p.next
	if next != passes {
		close(p.hit)
	}
	p.next = passes
	return next
}

// wasHit waits until a request has met its fate.
func (p *faultyProxy) wasHit(t *testing.T) {
	t.Helper()
	select {
	case <-p.hit:
	case <-time.After(10 * time.Second):
		t.Fatal("no such request")
	}
}

// TestNoJobIsLostOrRunTwiceWithALostReply checks each way that a message of a
// worker can get lost, for a job that arrives while it waits.
func TestNoJobIsLostOrRunTwiceWithALostReply(t *testing.T) {
	t.Parallel()
	for script, which := range map[string]*regexp.Regexp{"claim": claimRequest, "settle": settleRequest} {
		for name, next := range map[string]fate{"unsent": unsent, "unheard": unheard} {
			t.Run(script+" "+name, func(t *testing.T) {
				t.Parallel()
				rdb, c := warmServer(t), &tally{runs: map[string]int{}}
				_, err := NewQueue(rdb, "default").Enqueue(t.Context(), Call("count", 5), Retry{Max: 3})
				require.NoError(t, err)
				p := newFaultyProxy(t, rdb, which, next)
				w := startWorker(t, p.through, c.handlers(), WorkerConfig{Concurrency: 2})
				p.wasHit(t)

				c.settled(t, rdb, 1)
				w.stop(t)
				c.verify(t, rdb, w.Name(), 1)
				for id := range c.runs {
					assert.Equal(t, "3", rdb.HGet(t.Context(), keys.Job(id), "retries_left").Val())
				}
			})
		}
	}
}

// TestLateClaim has the server get a claim long after the worker has given it up,
// because the network kept it. The job that it takes goes back to its queue.
func TestLateClaim(t *testing.T) {
	t.Parallel()
	rdb, c := warmServer(t), &tally{runs: map[string]int{}}
	p := newFaultyProxy(t, rdb, claimRequest, waitsLong)
	w := startWorker(t, p.through, c.handlers(), WorkerConfig{JobMonitoringInterval: time.Second})
	p.wasHit(t)
	w.untilItWaits(t)
	_, err := NewQueue(rdb, "default").EnqueueMany(t.Context(), []Prepared{Prepare(Call("count", 500)), Prepare(Call("count", 1))})
	require.NoError(t, err)
	require.Eventually(t, func() bool { return c.started() == 1 }, 10*time.Second, time.Millisecond)

	p.release()

	c.settled(t, rdb, 2)
	w.stop(t)
	c.verify(t, rdb, w.Name(), 2)
}

// TestLostClaimAtShutdown loses the reply to the last claim of a worker.
func TestLostClaimAtShutdown(t *testing.T) {
	t.Parallel()
	rdb := warmServer(t)
	job, err := NewQueue(rdb, "default").Enqueue(t.Context(), Call("count", 5))
	require.NoError(t, err)
	p := newFaultyProxy(t, rdb, claimRequest, unheard)
	w := startWorker(t, p.through, Handlers{}, WorkerConfig{})
	p.wasHit(t)

	w.stop(t)

	assert.Equal(t, []string{job.ID()}, rdb.LRange(t.Context(), keys.Queue("default"), 0, -1).Val())
	assert.Equal(t, "queued", rdb.HGet(t.Context(), keys.Job(job.ID()), "status").Val())
	assertNoExecutions(t, rdb)
}
