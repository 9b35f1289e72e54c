package redisx

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"
)

// How much Read asks for in one round trip. The first one is smaller, because it
// is not known yet how large the replies are.
const (
	readFirst = 100
	readMost  = 1000
	readBytes = 4 << 20
)

// Read sends a command that reads for each of n items, and gives each reply to
// take, in order. What take returns is the size of the reply: large ones travel in
// more round trips, so that none takes longer than a reply may.
//
// An item whose key holds something else, or nothing, has the zero value: there is
// no such thing. Any other error ends the reading and is returned.
func Read[T any, C interface {
	redis.Cmder
	Result() (T, error)
}](ctx context.Context, c redis.UniversalClient, n int, ask func(redis.Pipeliner, int) C, take func(int, T) int) error {
	size := readFirst
	for done := 0; done < n; {
		size = min(size, n-done)
		pipe := c.Pipeline()
		replies := make([]C, size)
		for i := range replies {
			replies[i] = ask(pipe, done+i)
		}
		if err := Send(ctx, pipe); err != nil {
			return err
		}
		bytes := 1
		for i, reply := range replies {
			value, err := reply.Result()
			if err != nil && !IsForeign(err) && !errors.Is(err, redis.Nil) {
				return err
			}
			bytes += take(done+i, value)
		}
		done += size
		size = max(1, min(readMost, size*readBytes/bytes))
	}
	return nil
}
