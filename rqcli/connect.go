package rqcli

import (
	"context"
	"os"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq"
)

// patience is how long the server's first answer may take.
const patience = 5 * time.Second

// connect returns a client for the address in the flags or the environment, once the
// server has answered.
func (a *app) connect(ctx context.Context) (*redis.Client, error) {
	if a.client != nil {
		return a.client, nil
	}
	if _, err := a.serializerOf(); err != nil { // even if no job is written
		return nil, err
	}
	opts, err := options(a.url, os.Getenv)
	if err != nil {
		return nil, usageError{err}
	}
	client := redis.NewClient(opts)
	if err := greet(ctx, client); err != nil {
		_ = client.Close()
		return nil, connectError(err, opts)
	}
	a.client = client
	return client, nil
}

// greet waits for the server to answer, and checks that it is not a cluster. Without
// the permission for INFO, the command fails later on a cluster.
func greet(ctx context.Context, client *redis.Client) error {
	ctx, cancel := context.WithTimeout(ctx, client.Options().DialTimeout)
	defer cancel()
	if err := client.Ping(ctx).Err(); err != nil {
		return err
	}
	info, err := client.InfoMap(ctx, "cluster").Result()
	if err == nil && info["Cluster"]["cluster_enabled"] == "1" {
		return rq.ErrCluster
	}
	return nil
}

func (a *app) close() {
	if a.client != nil {
		_ = a.client.Close()
		a.client = nil
	}
}

// queue returns the queue with this name, with the serializer of the flags unless the
// options name another.
func (a *app) queue(ctx context.Context, name string, opts ...rq.QueueOption) (*rq.Queue, error) {
	ser, err := a.serializerOf()
	if err != nil {
		return nil, err
	}
	rdb, err := a.connect(ctx)
	if err != nil {
		return nil, err
	}
	return rq.NewQueue(rdb, name, append([]rq.QueueOption{rq.WithSerializer(ser)}, opts...)...), nil
}

// serializerOf returns the serializer of the flag, which takes RQ's names.
func (a *app) serializerOf() (rq.Serializer, error) {
	switch a.serializer {
	case "", "pickle", "rq.serializers.DefaultSerializer", "rq.serializers.PickleSerializer":
		return rq.Pickle{}, nil
	case "json", "rq.serializers.JSONSerializer":
		return rq.JSON{}, nil
	}
	return nil, usagef("serializer %q: must be pickle or json", a.serializer)
}
