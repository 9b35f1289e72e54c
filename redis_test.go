package rq

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redistest"
)

// TestLostReply checks that what was done once is not done again because the
// reply was lost, which go-redis would do.
func TestLostReply(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), ownServer(t)
	fail := func(do func(*Queue) error) error {
		done := func(args []string) bool { return slices.Contains([]string{"exec", "eval", "evalsha"}, args[0]) }
		through, hit := losing(t, rdb, done, redistest.Answer{Lose: true})
		defer wait(t, hit)
		return do(NewQueue(through, "default"))
	}

	plain := fail(func(q *Queue) error { _, err := q.Enqueue(ctx, Call("f"), JobID("a")); return err })
	many := fail(func(q *Queue) error {
		_, err := q.EnqueueMany(ctx, []Prepared{Prepare(Call("f"), JobID("b"))})
		return err
	})
	waiting := fail(func(q *Queue) error { _, err := q.Enqueue(ctx, Call("f"), JobID("c"), DependsOn("none")); return err })
	unique := fail(func(q *Queue) error { _, err := q.Enqueue(ctx, Call("f"), JobID("d"), Unique()); return err })

	for _, err := range []error{plain, many, waiting, unique} {
		assert.Error(t, err)
		assert.NotErrorIs(t, err, ErrDuplicateJob)
	}
	ids := rdb.LRange(ctx, keys.Queue("default"), 0, -1).Val()
	assert.ElementsMatch(t, []string{"a", "b"}, ids[:2])
	assert.Subset(t, []string{"c", "d"}, ids[2:], "of a script the lost reply may be that the server does not know it")
	assert.LessOrEqual(t, len(ids), 4)
	again, err := NewQueue(rdb, "default").Enqueue(ctx, Call("f"), JobID("a"), Unique())
	assert.ErrorIs(t, err, ErrDuplicateJob, "that is how a caller repeats safely")
	assert.Nil(t, again)
}
