package redisx

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"
)

// How much Read reads in one round trip. The first one is smaller, because the size of
// the replies is not known yet.
const (
	readFirst = 100
	readMost  = 1000
	readBytes = 4 << 20
)

// Read sends a reading command for each of n items, and passes each reply to take, in
// order. take returns the size of the reply: the larger they are, the more round trips
// Read makes, so that none exceeds the read timeout.
//
// For an item whose key does not exist, or holds another type, take gets the zero
// value. Any other error ends the reading and is returned.
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
