package redisx

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// A noRetryCmd is a command that go-redis sends at most once, and with it the
// pipeline that it is in.
//
// Other commands go-redis repeats on another connection when the reply does not
// come: a job would then be pushed a second time, and run twice. With this one a
// lost reply is an error, and the caller knows that it is not known whether the
// server has done it.
type noRetryCmd struct{ redis.Cmder }

// NoRetry tells go-redis not to send the command again.
func (noRetryCmd) NoRetry() bool { return true }

// AddOnce adds a command to a pipeline, which is then sent at most once. The
// command takes any reply, also that of a transaction.
func AddOnce(ctx context.Context, pipe redis.Pipeliner, args ...any) *redis.Cmd {
	cmd := redis.NewCmd(ctx, args...)
	_ = pipe.Process(ctx, noRetryCmd{cmd}) // it is only added
	return cmd
}

// AddEvalOnce is AddOnce for a script, which is sent whole.
func AddEvalOnce(ctx context.Context, pipe redis.Pipeliner, script string, keys []string, args ...any) *redis.Cmd {
	return AddOnce(ctx, pipe, evalArgs("eval", script, keys, args)...)
}

// AddEvalShaOnce is AddEvalOnce for a script that the server knows by its hash.
func AddEvalShaOnce(ctx context.Context, pipe redis.Pipeliner, hash string, keys []string, args ...any) *redis.Cmd {
	return AddOnce(ctx, pipe, evalArgs("evalsha", hash, keys, args)...)
}

// Once sends a command at most once.
func Once(ctx context.Context, c redis.UniversalClient, args ...any) *redis.Cmd {
	cmd := redis.NewCmd(ctx, args...)
	b := &batch{first: cmd}
	err := c.Process(ctx, noRetryCmd{batchCmd{cmd, b}})
	if err != nil && (!isReply(err) || !b.sent) {
		cmd.SetErr(b.lost(err))
	}
	return cmd
}

// EvalOnce sends a script at most once. The name of the command says whether script
// is the text or its hash.
func EvalOnce(ctx context.Context, c redis.UniversalClient, name, script string, keys []string, args ...any) *redis.Cmd {
	return Once(ctx, c, evalArgs(name, script, keys, args)...)
}

func evalArgs(name, script string, keys []string, args []any) []any {
	words := append(make([]any, 0, 3+len(keys)+len(args)), name, script, len(keys))
	for _, key := range keys {
		words = append(words, key)
	}
	return append(words, args...)
}
