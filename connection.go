package rq

import (
	"context"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// ownOptions returns the options for another client of the same server.
func ownOptions(rdb redis.UniversalClient) (*redis.Options, error) {
	client, ok := rdb.(interface{ Options() *redis.Options })
	if !ok {
		return nil, ErrCluster
	}
	opts := *client.Options()
	opts.MinIdleConns = 0
	// These belong to the other client, and cannot be shared.
	opts.PushNotificationProcessor = nil
	opts.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return &opts, nil
}

// A connection is a client with one connection, which is closed when ctx ends:
// go-redis does not interrupt a blocking read otherwise.
type connection struct {
	*redis.Client
	stop   func() bool
	closed chan struct{}
}

func ownConnection(ctx context.Context, rdb redis.UniversalClient) (*connection, error) {
	opts, err := ownOptions(rdb)
	if err != nil {
		return nil, err
	}
	opts.PoolSize, opts.MaxRetries = 1, -1
	c := &connection{Client: redis.NewClient(opts), closed: make(chan struct{})}
	c.stop = context.AfterFunc(ctx, func() {
		_ = c.Close()
		close(c.closed)
	})
	return c, nil
}

// close ends the connection, and returns when nothing of it is left.
func (c *connection) close() {
	if c.stop() {
		_ = c.Close()
		return
	}
	<-c.closed
}
