package rq

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// unrepeated is a command that go-redis sends at most once, and with it the
// pipeline that it is in. It takes any reply.
//
// Other commands go-redis repeats on another connection when the reply does not
// come: a job would then be pushed a second time, and run twice. With this one a
// lost reply is an error, and the caller knows that it is not known whether the
// server has done it.
type unrepeated struct{ *redis.Cmd }

// NoRetry tells go-redis not to send the command again.
func (unrepeated) NoRetry() bool { return true }

// once is a client whose scripts are unrepeated.
type once struct{ redis.UniversalClient }

// Eval sends the whole script at most once.
func (c once) Eval(ctx context.Context, script string, keys []string, args ...any) *redis.Cmd {
	return c.send(ctx, "eval", script, keys, args)
}

// EvalSha sends the hash of the script at most once.
func (c once) EvalSha(ctx context.Context, sha string, keys []string, args ...any) *redis.Cmd {
	return c.send(ctx, "evalsha", sha, keys, args)
}

func (c once) send(ctx context.Context, name, script string, keys []string, args []any) *redis.Cmd {
	words := append(make([]any, 0, 3+len(keys)+len(args)), name, script, len(keys))
	for _, key := range keys {
		words = append(words, key)
	}
	cmd := redis.NewCmd(ctx, append(words, args...)...)
	_ = c.Process(ctx, unrepeated{cmd}) // cmd has the error too
	return cmd
}
