package rq

import "github.com/redis/go-redis/v9"

// once returns what sends a command at most once, and a function to call when
// it is no longer needed. A client of go-redis repeats a command on another
// connection when the reply does not come: a job would then be pushed a second
// time, and run twice. One connection is used for the command and not replaced,
// so that a lost reply is an error, and the caller knows that it is not known
// whether the server has done it.
func once(rdb redis.UniversalClient) (conn redis.Cmdable, release func()) {
	client, ok := rdb.(interface{ Conn() *redis.Conn })
	if !ok {
		return rdb, func() {}
	}
	c := client.Conn()
	return c, func() { _ = c.Close() }
}

// unrepeated is a command that go-redis sends at most once, and with it the
// pipeline that it is in. It takes any reply.
type unrepeated struct{ *redis.Cmd }

// NoRetry tells go-redis not to send the command again.
func (unrepeated) NoRetry() bool { return true }
