package rq

import (
	"context"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/scripts"
)

// rulesOf returns the rules of a user in docs/permissions.md.
func rulesOf(t *testing.T, user string) []any {
	t.Helper()
	text, err := os.ReadFile("docs/permissions.md")
	require.NoError(t, err)
	line := regexp.MustCompile(`(?m)^    ACL SETUSER ` + user + ` on >secret (.*)$`).FindStringSubmatch(string(text))
	require.NotNil(t, line, user)
	var rules []any
	for rule := range strings.FieldsSeq(line[1]) {
		rules = append(rules, rule)
	}
	return rules
}

// allowed is a client of a user as the page has it, on a server of its own.
func allowed(t *testing.T, user string) (admin, app *redis.Client) {
	t.Helper()
	admin = ownServer(t)
	app = asUser(t, admin, rulesOf(t, user)...)
	require.NoError(t, admin.ConfigResetStat(t.Context()).Err())
	return admin, app
}

// assertNothingRefused leaves out CLIENT SETINFO, which go-redis sends, and which
// only the users without CLIENT are refused.
func assertNothingRefused(t *testing.T, admin *redis.Client) {
	t.Helper()
	log, err := admin.Do(t.Context(), "acl", "log").Slice()
	require.NoError(t, err)
	for _, entry := range log {
		fields, _ := entry.(map[any]any)
		if fields["object"] != "client|setinfo" {
			t.Errorf("refused: %v %v in %v", fields["reason"], fields["object"], fields["context"])
		}
	}
}

func TestPermissionsOfAProducer(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	admin, app := allowed(t, "producer")
	w := startWorker(t, admin, Handlers{"f": Func(func() int { return 1 })}, WorkerConfig{})
	q, other := NewQueue(app, "default"), NewQueue(app, "nobody")
	j, err := q.Enqueue(ctx, Call("f"), TTL(time.Hour))
	require.NoError(t, err)
	_, err = Await[int](ctx, j)
	require.NoError(t, err)
	_, err = j.ReturnValue(ctx)
	require.NoError(t, err)
	a, err := other.Enqueue(ctx, Call("f"), JobID("a"), Unique())
	require.NoError(t, err)
	b, err := other.Enqueue(ctx, Call("f"), DependsOn("a"), TTL(time.Hour))
	require.NoError(t, err)
	c, err := other.Enqueue(ctx, Call("f"), RateLimit{Key: "k", Concurrency: 1})
	require.NoError(t, err)
	_, err = other.EnqueueIn(ctx, time.Hour, Call("f"))
	require.NoError(t, err)
	_, err = other.EnqueueMany(ctx, []Prepared{Prepare(Call("f")), Prepare(Call("f"), DependsOn("a"))})
	require.NoError(t, err)
	_, err = FetchJobs(ctx, app, "a", j.ID())
	require.NoError(t, err)
	require.NoError(t, a.SaveMeta(ctx))
	require.NoError(t, a.Cancel(ctx, EnqueueDependents()))
	require.NoError(t, c.Cancel(ctx))
	require.NoError(t, b.Delete(ctx))
	w.stop(t)
	assertNothingRefused(t, admin)
}

func TestPermissionsOfAWorker(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	admin, app := allowed(t, "worker")
	q := NewQueue(admin, "default")
	log := new(logBook)
	w := startWorker(t, app, Handlers{
		"f":    Func(func() int { return 1 }),
		"fail": Func(func() error { return assert.AnError }),
	}, WorkerConfig{
		Concurrency: 4, Scheduler: true, JobMonitoringInterval: time.Second, MaintenanceInterval: time.Second, Logger: log.logger(),
	}, shortGrace)
	// What maintenance looks after: each kind of entry there is.
	past := time.Now().Unix() - 100
	admin.ZAdd(ctx, keys.Finished("default"), zs("gone", past))
	admin.ZAdd(ctx, keys.Started("default"), zs("lost:"+hexID("a"), past))
	placeJob(t, admin, "lost", "started", "origin", "default")
	placeJob(t, admin, "popped", "queued", "origin", "default")
	pushIDs(t, admin, keys.Intermediate("default"), "popped", "none")
	placeJob(t, admin, "ready", "ready_to_enqueue", "origin", "default")
	admin.ZAdd(ctx, keys.Ready("default"), zs("ready", past))
	admin.SAdd(ctx, keys.Groups, "g")
	admin.SAdd(ctx, keys.Group("g"), "gone")
	admin.SAdd(ctx, keys.Workers, keys.Worker("gone"))
	admin.SAdd(ctx, keys.QueueWorkers("default"), keys.Worker("gone"))
	for range 3 {
		_, err := q.Enqueue(ctx, Call("f"), RateLimit{Key: "k", Concurrency: 1})
		require.NoError(t, err)
	}
	_, err := q.EnqueueIn(ctx, time.Second, Call("f"), JobID("later"))
	require.NoError(t, err)
	_, err = q.Enqueue(ctx, Call("f"), JobID("parent"), ResultTTL(0))
	require.NoError(t, err)
	_, err = q.Enqueue(ctx, Call("f"), JobID("child"), DependsOn("parent"))
	require.NoError(t, err)
	_, err = q.Enqueue(ctx, Call("fail"), JobID("again"), Retry{Max: 1})
	require.NoError(t, err)
	for id, want := range map[string]string{"later": "finished", "child": "finished", "again": "failed", "lost": "failed", "popped": "failed"} {
		require.Eventually(t, func() bool { return admin.HGet(ctx, keys.Job(id), "status").Val() == want }, 20*time.Second, 10*time.Millisecond, id)
	}
	w.stop(t)
	assertNothingRefused(t, admin)
	assert.NotContains(t, log.String(), "may not run")
}

func TestPermissionsOfAnOperator(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	admin, app := allowed(t, "operator")
	q := NewQueue(app, "default")
	for _, id := range []string{"a", "b", "c"} {
		_, err := NewQueue(admin, "default").Enqueue(ctx, Call("f"), JobID(id))
		require.NoError(t, err)
	}
	startWorker(t, admin, Handlers{}, WorkerConfig{Name: "w", Queues: []string{"other"}})
	var failed []error
	note := func(_ any, err error) { failed = append(failed, err) }
	note(QueueInfos(ctx, app))
	note(q.JobIDs(ctx, 0, -1))
	for _, err := range q.Jobs(ctx) {
		note(nil, err)
	}
	note(Workers(ctx, app))
	note(WorkerExecutions(ctx, app, "w"))
	note(CancelJobs(ctx, app, []string{"a"}))
	note(nil, q.Canceled().Requeue(ctx, "a"))
	note(nil, q.Failed().Add(ctx, "b", time.Hour))
	admin.HSet(ctx, keys.Job("b"), "status", "failed")
	admin.LRem(ctx, keys.Queue("default"), 0, "b")
	note(q.Failed().RequeueAll(ctx, AtFront()))
	for _, r := range q.Registries() {
		note(r.Count(ctx))
		note(r.Range(ctx, 0, -1))
		note(r.Cleanup(ctx))
	}
	note(q.Remove(ctx, "c"))
	note(q.Compact(ctx))
	for _, err := range FindOrphans(ctx, app) {
		note(nil, err)
	}
	note(PruneOrphans(ctx, app, nil))
	note(nil, Suspend(ctx, app, time.Hour))
	note(IsSuspended(ctx, app))
	note(SuspendedFor(ctx, app))
	note(Resume(ctx, app))
	note(DeleteJobs(ctx, app, []string{"c"}))
	note(q.Empty(ctx))
	note(nil, q.Delete(ctx))
	require.Eventually(t, func() bool { return SendShutdown(ctx, app, "w") == nil }, 10*time.Second, 10*time.Millisecond)
	for _, err := range failed {
		assert.NoError(t, err)
	}
	assertNothingRefused(t, admin)
}

// TestPermissionsAreThoseOfTheScripts has the lists, and the page, name each command
// that is in a script of that kind of program.
func TestPermissionsAreThoseOfTheScripts(t *testing.T) {
	t.Parallel()
	permitted := func(user string) map[string]bool {
		all := map[string]bool{}
		for _, rule := range rulesOf(t, user) {
			name, _, _ := strings.Cut(strings.TrimPrefix(rule.(string), "+"), "|")
			all[name] = true
		}
		return all
	}
	producer, worker, operator := permitted("producer"), permitted("worker"), permitted("operator")
	for _, name := range append(append([]string{}, scripts.Work...), scripts.Clean...) {
		assert.True(t, worker[name], "a worker runs %s", name)
	}
	files, err := os.ReadDir("internal/scripts")
	require.NoError(t, err)
	command := regexp.MustCompile(`\W(?:p?call|try|own)\([^'()]*'([A-Z]+)'(?: or '([A-Z]+)')?`)
	ofWorkers := regexp.MustCompile(`^(claim|settle|beat|register|clean|hold|release|recover|take|enqueue_due|lib)`)
	ofProducers := regexp.MustCompile(`^(create_job|enqueue_waiting|update|cancel|delete|lib_job|lib_dependents|lib_rate_limit)`)
	seen := 0
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".lua") {
			continue
		}
		text, err := os.ReadFile("internal/scripts/" + f.Name())
		require.NoError(t, err)
		for _, match := range command.FindAllStringSubmatch(string(text), -1) {
			for _, name := range match[1:] {
				if name = strings.ToLower(name); name == "" {
					continue
				}
				seen++
				if ofProducers.MatchString(f.Name()) {
					assert.True(t, producer[name], "%s runs %s, which docs/permissions.md does not give to producers", f.Name(), name)
				}
				if ofWorkers.MatchString(f.Name()) {
					assert.True(t, worker[name], "%s runs %s, which docs/permissions.md does not give to workers", f.Name(), name)
				} else {
					assert.True(t, operator[name], "%s runs %s, which docs/permissions.md does not give to operators", f.Name(), name)
				}
			}
		}
	}
	assert.Greater(t, seen, 100, "the scripts are read")
}

func TestMissingPermissionsAreNamed(t *testing.T) {
	t.Parallel()
	admin := ownServer(t)
	run := func(rule string) (*logBook, error) {
		app, log := asUser(t, admin, append(rulesOf(t, "worker"), rule)...), new(logBook)
		w, err := NewWorker(app, Handlers{}, WorkerConfig{Burst: true, Logger: log.logger()})
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		return log, w.Run(ctx)
	}
	for missing, want := range map[string]string{
		"-hset":     `rq: commands "hset": must be permitted`,
		"-evalsha":  `rq: ask for permissions, see docs/permissions.md: NOPERM`,
		"resetkeys": `rq: commands "blmove del`,
	} {
		_, err := run(missing)
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, "docs/permissions.md")
	}
	for missing, want := range map[string]string{
		"-zremrangebyrank": `commands=zremrangebyrank`,
		"resetchannels":    `commands=subscribe`,
		"-info":            `commands=info`,
	} {
		log, err := run(missing)
		require.NoError(t, err)
		assert.Contains(t, log.String(), want)
	}
}
