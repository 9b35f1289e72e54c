package rq

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/redistest"
)

// TestRefused checks that what cannot be enqueued is refused with an error that
// names it, and that nothing has been written then.
func TestRefused(t *testing.T) {
	t.Parallel()
	call := Call("tasks.add", 1)
	for _, c := range []struct {
		name string
		call FuncCall
		opts []EnqueueOption
		want string
	}{
		{"empty id", call, []EnqueueOption{JobID("")}, `rq: job id "": must be letters, digits, underscores and dashes`},
		{"id with a colon", call, []EnqueueOption{JobID("a:b")}, `rq: job id "a:b": must be letters, digits, underscores and dashes`},
		{"id with a newline", call, []EnqueueOption{JobID("a\n")}, `rq: job id "a\n": must be letters, digits, underscores and dashes`},
		{"timeout 0", call, []EnqueueOption{Timeout(0)}, "rq: timeout 0s: must not be 0; for no limit use rq.Forever"},
		{"timeout of less than a second", call, []EnqueueOption{Timeout(time.Millisecond)}, "rq: timeout 1ms: must be a second or more: RQ counts in whole seconds"},
		{"negative timeout", call, []EnqueueOption{Timeout(-5 * time.Second)}, "rq: timeout -5s: must not be negative; for no limit use rq.Forever"},
		{"ttl 0", call, []EnqueueOption{TTL(0)}, "rq: ttl 0s: must be greater than 0"},
		{"ttl for ever", call, []EnqueueOption{TTL(Forever)}, "rq: ttl -1s: must be greater than 0"},
		{"negative result_ttl", call, []EnqueueOption{ResultTTL(-2 * time.Second)}, "rq: result_ttl -2s: must not be negative; for no limit use rq.Forever"},
		{"description", call, []EnqueueOption{Description("\xff")}, `rq: description "\xff": must be UTF-8`},
		{"retry", call, []EnqueueOption{Retry{}}, "rq: retry max 0: must be greater than 0"},
		{"retry interval", call, []EnqueueOption{Retry{Max: 1, Intervals: []time.Duration{-time.Second}}}, "rq: retry interval -1s: must not be negative"},
		{"repeat", call, []EnqueueOption{Repeat{}}, "rq: repeat times 0: must be greater than 0"},
		{"callback", call, []EnqueueOption{OnSuccess(Callback{})}, `rq: on_success "": must be the dotted path of a function`},
		{"callback timeout", call, []EnqueueOption{OnFailure(Callback{Func: "f", Timeout: Forever})}, "rq: on_failure timeout -1s: must not be negative"},
		{"webhook", call, []EnqueueOption{Webhook{URL: "ftp://h", JobStatus: StatusFailed}}, `rq: webhook "ftp://h": must be an http or https URL`},
		{"webhook status", call, []EnqueueOption{Webhook{URL: "http://h", JobStatus: StatusStopped}}, `rq: webhook status "stopped": must be finished or failed`},
		{"webhook method", call, []EnqueueOption{Webhook{URL: "http://h", JobStatus: StatusFailed, Method: "PUT"}}, `rq: webhook method "PUT": must be GET or POST`},
		{"group", call, []EnqueueOption{Group("")}, `rq: group "": must be a name`},
		{"dependency on nothing", call, []EnqueueOption{Dependency{}}, `rq: dependency "": must name a job`},
		{"keyword in a FuncCall", FuncCall{Func: "f", Args: Tuple{Kw("b", 3)}}, nil, "rq: argument 0: is a keyword argument or an option"},
		{"option in a call", Call("f", 1, Retry{Max: 3}), nil, "rq: argument 1: is a keyword argument or an option"},
		{"option as a keyword", Call("f", Kw("retry", Retry{Max: 3})), nil, `rq: keyword "retry": is an option: pass it to Enqueue`},
		{"dependency", call, []EnqueueOption{DependsOn("a b")}, `rq: job id "a b": must be letters, digits, underscores and dashes`},
		{"unique without id", call, []EnqueueOption{Unique()}, "needs an id: use JobID too"},
		{"unique with dependencies", call, []EnqueueOption{Unique(), JobID("a"), DependsOn("b")}, `rq: unique "a": cannot be combined with dependencies`},
		{"unique with a rate limit", call, []EnqueueOption{Unique(), JobID("a"), RateLimit{"k", 1}}, `rq: unique "a": cannot be combined with a rate limit`},
		{"rate limit", call, []EnqueueOption{RateLimit{"k", 0}}, "rq: rate limit concurrency 0: must be greater than 0"},
		{"no function", Call(""), nil, `rq: function "": must be the dotted path of a function`},
		{"keyword twice", Call("f", Kw("a", 1), Kw("a", 2)), nil, `rq: keyword "a": is given twice in a call of f`},
		{"keyword that is no text", Call("f", Kw("\xff", 1)), nil, "must be text"},
		{"argument", Call("f", func() {}), nil, "rq: write the call of f as pickle"},
		{"nested argument", Call("f", map[string]any{"x": []any{make(chan int)}}), nil, "chan int"},
		{"meta", call, []EnqueueOption{Meta(map[string]any{"x": func() {}})}, "rq: write meta as pickle"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ctx, rdb := t.Context(), redistest.New(t)
			q := NewQueue(rdb, "default")

			for name, err := range everyWay(ctx, rdb, q, c.call, c.opts) {
				assert.ErrorContains(t, err, c.want, name)
			}

			assertEmpty(t, rdb)
		})
	}
}

// everyWay returns the errors of all functions that make a job of options.
func everyWay(ctx context.Context, rdb *redis.Client, q *Queue, call FuncCall, opts []EnqueueOption) map[string]error {
	_, enqueued := q.Enqueue(ctx, call, opts...)
	errs := map[string]error{"Enqueue": enqueued}
	if set, _ := collect(opts); !set.unique || set.id == "" {
		_, errs["EnqueueAt"] = q.EnqueueAt(ctx, time.Now(), call, opts...)
	}
	if many, ok := optionsAs[PrepareOption](opts); ok {
		_, errs["EnqueueMany"] = q.EnqueueMany(ctx, []Prepared{Prepare(Call("ok")), Prepare(call, many...)})
	}
	if create, ok := optionsAs[CreateOption](opts); ok {
		_, errs["CreateJob"] = CreateJob(rdb, call, create...)
	}
	return errs
}

// optionsAs returns opts for another call, and false if one of them is not for it.
func optionsAs[O any](opts []EnqueueOption) ([]O, bool) {
	var others []O
	for _, o := range opts {
		other, ok := o.(O)
		if !ok {
			return nil, false
		}
		others = append(others, other)
	}
	return others, true
}

func assertEmpty(t *testing.T, rdb *redis.Client) {
	t.Helper()
	keys, err := rdb.Keys(context.WithoutCancel(t.Context()), "*").Result()
	require.NoError(t, err)
	assert.Empty(t, keys)
}

// TestRefusedQueue checks the settings of queues.
func TestRefusedQueue(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		queue string
		opts  []QueueOption
		want  string
	}{
		"empty name":        {"", nil, `rq: queue name "": must be a name`},
		"name not UTF-8":    {"\xff", nil, `must be a name`},
		"intermediate":      {"a:intermediate", nil, "makes a key that RQ uses for another purpose"},
		"compact":           {"_compact:x", nil, "makes a key that RQ uses for another purpose"},
		"fleet":             {"q", []QueueOption{Fleet("new")}, `rq: fleet "new": must be a version of RQ such as "1.16" or "2.6.1"`},
		"fleet too old":     {"q", []QueueOption{Fleet("1.15")}, `rq: fleet "1.15": must be 1.16 or later`},
		"timeout":           {"q", []QueueOption{QueueTimeout(time.Millisecond)}, "must be a second or more"},
		"several at a time": {"", []QueueOption{Fleet("x")}, "queue name"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, rdb := t.Context(), redistest.New(t)
			q := NewQueue(rdb, c.queue, c.opts...)

			_, err := q.Enqueue(ctx, Call("f"))
			_, many := q.EnqueueMany(ctx, []Prepared{Prepare(Call("f"))})
			j, created := CreateJob(rdb, Call("f"))
			require.NoError(t, created)

			assert.ErrorContains(t, err, c.want)
			assert.ErrorContains(t, many, c.want)
			assert.ErrorContains(t, q.EnqueueJob(ctx, j), c.want)
			assert.ErrorContains(t, q.ScheduleJob(ctx, j, time.Now()), c.want)
			assertEmpty(t, rdb)
		})
	}
}

func TestClusterIsRefused(t *testing.T) {
	t.Parallel()
	cluster := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{"127.0.0.1:1"}})
	defer cluster.Close()
	ring := redis.NewRing(&redis.RingOptions{Addrs: map[string]string{"a": "127.0.0.1:1"}})
	defer ring.Close()

	for _, rdb := range []redis.UniversalClient{cluster, ring} {
		_, err := NewQueue(rdb, "default").Enqueue(t.Context(), Call("f"))
		assert.ErrorIs(t, err, ErrCluster)
	}
}

// TestClusterIsRecognised asks a node of a cluster through a plain client.
func TestClusterIsRecognised(t *testing.T) {
	t.Parallel()
	node := redistest.Start(t, realServer(t), "--cluster-enabled", "yes", "--databases", "1")
	rdb := redis.NewClient(&redis.Options{Addr: node.Addr})
	defer rdb.Close()
	require.NoError(t, rdb.ClusterAddSlotsRange(t.Context(), 0, 16383).Err())
	require.Eventually(t, func() bool {
		info, err := rdb.ClusterInfo(t.Context()).Result()
		return err == nil && strings.Contains(info, "cluster_state:ok")
	}, 10*time.Second, 10*time.Millisecond)

	_, plain := NewQueue(rdb, "default").Enqueue(t.Context(), Call("f"), DependsOn("p"))

	assert.ErrorIs(t, plain, ErrCluster)
}

func TestNilArguments(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	q := NewQueue(rdb, "default", nil)
	_, noClient := NewQueue(nil, "default").Enqueue(ctx, Call("f"))
	j, err := q.Enqueue(ctx, Call("f"), nil)
	require.NoError(t, err)
	_, awaited := Await[int](ctx, nil)
	_, got := ResultOf[int](ctx, nil)

	var invalid *InvalidError
	assert.ErrorAs(t, noClient, &invalid)
	for _, err := range []error{q.EnqueueJob(ctx, nil), q.ScheduleJob(ctx, nil, time.Now()), awaited, got} {
		assert.ErrorIs(t, err, ErrNoSuchJob)
	}
	assert.NoError(t, j.Cancel(ctx, nil))
}

func TestFleet(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		fleet, score string
		created      string
		limits       bool
	}{
		{"1.16", "+inf", "", false},
		{"2", "+inf", "", false},
		{"2.4.0", "+inf", "", false},
		{"2.4.1", "+inf", "created", false},
		{"2.7", "+inf", "created", false},
		{"2.8", "1000", "created", false},
		{"2.12.0", "1000", "created", false},
		{"3.0.0", "1000", "created", true},
		{"3", "1000", "created", true},
		{"10", "1000", "created", true},
	} {
		r, err := parseRelease(c.fleet)

		require.NoError(t, err)
		assert.Equal(t, c.score, r.deferredScore(1000), c.fleet)
		assert.Equal(t, c.created, r.createdStatus(), c.fleet)
		assert.Equal(t, c.limits, !r.before(rateLimitRelease), c.fleet)
	}
	assert.Equal(t, "1000", release(nil).deferredScore(1000), "the newest")
}

func TestRateLimitNeedsAFleetThatKnowsIt(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)

	_, err := NewQueue(rdb, "default", Fleet("2.12")).Enqueue(t.Context(), Call("f"), RateLimit{"k", 1})

	assert.ErrorContains(t, err, "is not supported by the oldest RQ of the fleet")
	assertEmpty(t, rdb)
}

func TestDurationsThatAreTooLongStay(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)

	j, err := NewQueue(rdb, "default").Enqueue(t.Context(), Call("f"), Timeout(math.MaxInt64))

	require.NoError(t, err)
	got, ok := j.Timeout()
	assert.True(t, ok)
	assert.Equal(t, time.Duration(math.MaxInt64).Truncate(time.Second), got)
}

// TestRefusedJobs checks jobs and times that no option describes.
func TestRefusedJobs(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	q := NewQueue(rdb, "default")
	j, err := q.CreateJob(Call("f"), JobID("j"))
	require.NoError(t, err)
	old := &Job{id: "a.b", rdb: rdb, serializer: Pickle{}}

	for name, err := range map[string]error{
		"bad id": q.EnqueueJob(ctx, old),
		"zero":   q.ScheduleJob(ctx, j, time.Time{}),
	} {
		var invalid *InvalidError
		assert.ErrorAs(t, err, &invalid, name)
	}
	assertEmpty(t, rdb)
}
