package scripts

import (
	"cmp"
	"context"
	_ "embed" // for the scripts
	"errors"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redisx"
)

var (
	//go:embed enqueue_waiting.lua
	enqueueWaitingLua string
	//go:embed lib_met.lua
	libMetLua string
	//go:embed find_unmet.lua
	findUnmetLua string
	//go:embed register_dependencies.lua
	registerDependenciesLua string
)

var libMet = statusTable("met_of") + libMetLua

var enqueueWaitingLib = libRateLimit + libExpire + libMet + enqueueWaitingLua

var (
	enqueueWaiting  = redis.NewScript(enqueueWaitingLib)
	unmetDependency = redis.NewScript(libMet + findUnmetLua)
	registerScript  = redis.NewScript(registerDependenciesLua)
)

// A Waiting holds the arguments of EnqueueWaiting. Fields has neither status nor
// enqueued_at.
type Waiting struct {
	ID           string
	Queue        string
	Where        string // Front, Back or Nowhere
	TTL          int
	Score        string // in the deferred registry
	Now          Moment
	Group        string
	RateLimit    string
	Concurrency  int
	AllowFailure bool
	Dependencies []string
	more         bool // there are more, which are registered
	Fields       []any
}

// EnqueueWaiting runs enqueue_waiting.lua and returns the status of the job. In a
// pipeline the status is "", because it is not known yet, and the pipeline is then sent
// at most once. Outside of pipelines, more than ManyDependencies take several steps.
func EnqueueWaiting(ctx context.Context, c redis.Scripter, p Waiting) (string, error) {
	if pipe, ok := c.(redis.Pipeliner); ok {
		redisx.AddEvalOnce(ctx, pipe, enqueueWaitingLib, p.keys(), p.args()...)
		return "", nil
	}
	if len(p.Dependencies) > ManyDependencies {
		return enqueueWithMany(ctx, c, p)
	}
	return enqueueWaiting.Run(ctx, c, p.keys(), p.args()...).Text()
}

// ManyDependencies is how many dependencies of a job one script looks at.
const ManyDependencies = 200

// enqueueWithMany enqueues a job with many dependencies. They are registered first, in
// steps. The last step saves the job, after it has checked again one dependency that
// was not done: if it still is not, its end will release the job. A job does not wait
// if each dependency was done when it was checked.
func enqueueWithMany(ctx context.Context, c redis.Scripter, p Waiting) (string, error) {
	registered := false
	for {
		unmet, err := findUnmet(ctx, c, p)
		if err != nil {
			return "", err
		}
		last := p
		last.Dependencies = nil
		if unmet != "" {
			last.Dependencies, last.more = []string{unmet}, true
		}
		if last.more && !registered {
			if err := registerDependencies(ctx, c, p, true); err != nil {
				return "", err
			}
			registered = true
		}
		status, err := enqueueWaiting.Run(ctx, c, last.keys(), last.args()...).Text()
		if err == nil && !last.more {
			_ = registerDependencies(ctx, c, p, false) // a job that is queued may be in these sets
		}
		if err != nil || status != "" {
			return status, err
		}
	}
}

// findUnmet returns a dependency that is not done, or "".
func findUnmet(ctx context.Context, c redis.Scripter, p Waiting) (string, error) {
	for ids := range slices.Chunk(p.Dependencies, memberChunk) {
		n, err := run(ctx, c, unmetDependency, keysOf(keys.Job, ids), flag(p.AllowFailure))
		if err != nil || n > int64(len(ids)) {
			return "", cmp.Or(err, errReply)
		}
		if n > 0 {
			return ids[n-1], nil
		}
	}
	return "", nil
}

// registerDependencies registers that a job waits for all its dependencies, or for none.
func registerDependencies(ctx context.Context, c redis.Scripter, p Waiting, waits bool) error {
	for ids := range slices.Chunk(p.Dependencies, memberChunk) {
		k := append([]string{keys.Dependencies(p.ID)}, keysOf(keys.Dependents, ids)...)
		err := registerScript.Run(ctx, c, k, append([]any{flag(waits), p.ID}, anys(ids)...)...).Err()
		if err != nil && !errors.Is(err, redis.Nil) {
			return err
		}
	}
	return nil
}

// LoadEnqueueWaiting adds to a pipeline the command that AddEnqueueWaiting needs before
// it, outside of a transaction.
func LoadEnqueueWaiting(ctx context.Context, pipe redis.Pipeliner) {
	pipe.ScriptLoad(ctx, enqueueWaitingLib) // Script.Load would take over a hash that is not there yet
}

// AddEnqueueWaiting adds EnqueueWaiting to a pipeline by its hash, after
// LoadEnqueueWaiting.
func AddEnqueueWaiting(ctx context.Context, pipe redis.Pipeliner, p Waiting) {
	redisx.AddEvalShaOnce(ctx, pipe, enqueueWaiting.Hash(), p.keys(), p.args()...)
}

func (p *Waiting) keys() []string {
	k := []string{
		keys.Job(p.ID), keys.Dependents(p.ID), keys.Dependencies(p.ID),
		keys.Queue(p.Queue), keys.Deferred(p.Queue), keys.Queues,
	}
	for _, id := range p.Dependencies {
		k = append(k, keys.Job(id), keys.Dependents(id))
	}
	return k
}

func (p *Waiting) args() []any {
	a := []any{
		p.ID, p.Where, p.TTL, p.Score, p.Now.Unix, p.Now.Text, p.Group,
		p.RateLimit, p.Concurrency, flag(p.AllowFailure), flag(p.more), len(p.Dependencies),
	}
	for _, id := range p.Dependencies {
		a = append(a, id)
	}
	return append(a, p.Fields...)
}

// keysOf returns the keys of jobs.
func keysOf(key func(string) string, ids []string) []string {
	k := make([]string, len(ids))
	for i, id := range ids {
		k[i] = key(id)
	}
	return k
}
