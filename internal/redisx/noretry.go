package redisx

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// A noRetryCmd is a command that go-redis sends at most once, and with it the
// pipeline that it is in.
//
// go-redis retries other commands on another connection when the reply is lost: a job
// would be pushed a second time, and run twice. For this one a lost reply is an error,
// which tells the caller that the server may or may not have done it.
type noRetryCmd struct{ redis.Cmder }

// NoRetry tells go-redis not to send the command again.
func (noRetryCmd) NoRetry() bool { return true }

// AddOnce adds a command to a pipeline, which is then sent at most once. The command
// accepts any reply, including QUEUED in a transaction.
func AddOnce(ctx context.Context, pipe redis.Pipeliner, args ...any) *redis.Cmd {
	cmd := redis.NewCmd(ctx, args...)
	_ = pipe.Process(ctx, noRetryCmd{cmd}) // it only adds the command
	return cmd
}

// AddEvalOnce is AddOnce for a script, which is sent whole.
func AddEvalOnce(ctx context.Context, pipe redis.Pipeliner, script string, keys []string, args ...any) *redis.Cmd {
	return AddOnce(ctx, pipe, evalArgs("eval", script, keys, args)...)
}

// AddEvalShaOnce is AddEvalOnce with the hash of a script that the server has.
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

// EvalOnce sends a script at most once. With the name "eval" script is its text, with
// "evalsha" its hash.
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
