package redisx

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"
)

// Send sends a pipeline. It returns nil when the server has answered every command:
// then the commands have their replies and errors. Any error is about the pipeline as a
// whole, and a command without a reply may look as if it had succeeded, since go-redis
// sets no error on commands when a connection is refused. FateOf returns the fate of
// the commands.
//
// A pipeline with a command of NoRetry is sent at most once.
func Send(ctx context.Context, pipe redis.Pipeliner) error {
	cmds := pipe.Cmds()
	if len(cmds) == 0 {
		return nil
	}
	first := cmds[0]
	b := &batch{first: first}
	plain := append(make([]redis.Cmder, 0, len(cmds)), cmds...)
	for i, cmd := range cmds { // the pipeline has no other copy of its list
		cmds[i] = batchCmd{cmd, b}
	}
	_, err := pipe.Exec(ctx)
	if b.demoted {
		first.SetErr(b.firstErr)
	}
	return b.whole(plain, err)
}

// Exec sends a pipeline whose commands must all succeed, and returns the first error.
// redis.Nil is not an error.
func Exec(ctx context.Context, pipe redis.Pipeliner) error {
	cmds := append([]redis.Cmder(nil), pipe.Cmds()...)
	if err := Send(ctx, pipe); err != nil {
		return err
	}
	for _, cmd := range cmds {
		if err := cmd.Err(); err != nil && !errors.Is(err, redis.Nil) {
			return err
		}
	}
	return nil
}

// A batch records what happens to a pipeline while go-redis sends it.
type batch struct {
	sent    bool // at least part of it
	first   redis.Cmder
	demoted bool // a command was refused because the server is a replica
	// firstErr is the first command's own error.
	firstErr error
}

// whole returns the error of the pipeline as a whole: err, or nil if err belongs to one
// command and all have been answered.
func (b *batch) whole(cmds []redis.Cmder, err error) error {
	answered := err == nil || b.demoted && isReply(err)
	for _, cmd := range cmds {
		own := cmd.Err()
		if own != nil && !isReply(own) {
			return b.lost(own)
		}
		answered = answered || own != nil && errors.Is(err, own)
	}
	if answered {
		return nil
	}
	return b.lost(err)
}

// lost adds to an error the fate of the commands without a reply.
func (b *batch) lost(err error) error {
	if b.sent {
		return &fateError{Unknown, err}
	}
	return &fateError{NotSent, err}
}

// A batchCmd is a command of a batch.
type batchCmd struct {
	redis.Cmder
	*batch
}

// Args is called when the command is written.
func (c batchCmd) Args() []any {
	c.sent = true
	return c.Cmder.Args()
}

// SetErr is called when the reply is read. To decide whether to keep the connection,
// go-redis looks only at the first command of a pipeline. A connection to a replica
// must be dropped, or all its commands fail for ever after a failover behind one
// address. So the first command carries such an error until the pipeline has ended.
func (c batchCmd) SetErr(err error) {
	c.Cmder.SetErr(err)
	if c.Cmder == c.first {
		c.firstErr, c.demoted = err, false
		return
	}
	if redis.IsReadOnlyError(err) && !c.demoted {
		c.demoted = true
		c.first.SetErr(err)
	}
}
