package redisx

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// A Tx is a transaction in a pipeline. go-redis allows one transaction per pipeline,
// and reports EXECABORT for any reason why a command was refused: LOADING, READONLY,
// OOM, NOPERM, BUSY. Here MULTI and EXEC are ordinary commands, and those between them
// keep their own errors.
type Tx struct {
	multi  *redis.Cmd
	queued []redis.Cmder
	exec   *redis.SliceCmd
}

// AddTx adds to a pipeline, as one transaction, the commands that fill adds to it.
// Their replies come from Replies, because the server answers each command with QUEUED.
func AddTx(ctx context.Context, pipe redis.Pipeliner, fill func(redis.Pipeliner)) *Tx {
	t := &Tx{multi: pipe.Do(ctx, "multi")}
	start := pipe.Len()
	fill(pipe)
	cmds := pipe.Cmds()
	for i := start; i < len(cmds); i++ {
		untyped := redis.Cmder(redis.NewCmd(ctx, cmds[i].Args()...))
		t.queued = append(t.queued, untyped)
		if cmds[i].NoRetry() {
			untyped = noRetryCmd{untyped}
		}
		cmds[i] = untyped // the pipeline has no other copy of its list
	}
	t.exec = redis.NewSliceCmd(ctx, "exec")
	_ = pipe.Process(ctx, t.exec) // it is only added
	return t
}

// Transact sends the commands that fill adds as one transaction, and returns their
// replies.
func Transact(ctx context.Context, c redis.UniversalClient, fill func(redis.Pipeliner)) ([]any, error) {
	pipe := c.Pipeline()
	t := AddTx(ctx, pipe, fill)
	return t.Replies(Send(ctx, pipe))
}

// Replies returns the replies of the commands in a transaction. sent is the error of
// Send. FateOf returns the fate of the whole transaction from the error.
func (t *Tx) Replies(sent error) ([]any, error) {
	if replies := t.exec.Val(); replies != nil {
		return replies, t.failed(replies)
	}
	if err := t.multi.Err(); err != nil && isReply(err) && t.ran() {
		return nil, &fateError{Unknown, err} // without MULTI each command ran by itself
	}
	for _, cmd := range append([]redis.Cmder{t.multi}, t.queued...) {
		if err := cmd.Err(); err != nil && isReply(err) {
			return nil, err
		}
	}
	if err := t.exec.Err(); err != nil && isReply(err) {
		return nil, err
	}
	if sent == nil {
		sent = &fateError{Unknown, errors.New("the server did not answer EXEC")}
	}
	return nil, sent
}

// ran reports whether the server has executed a command outside of a transaction.
func (t *Tx) ran() bool {
	for _, cmd := range t.queued {
		if c, ok := cmd.(*redis.Cmd); ok && c.Err() == nil && c.Val() != nil && c.Val() != "QUEUED" {
			return true
		}
	}
	return false
}

// failed returns the first error among the replies. The other commands were done.
func (t *Tx) failed(replies []any) error {
	if len(replies) != len(t.queued) {
		return &fateError{Unknown, fmt.Errorf("the server answered %d of %d commands", len(replies), len(t.queued))}
	}
	for _, reply := range replies {
		if err, ok := reply.(error); ok && !errors.Is(err, redis.Nil) {
			return &fateError{Unknown, err}
		}
	}
	return nil
}
