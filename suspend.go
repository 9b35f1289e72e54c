package rq

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
)

// Suspend makes all workers stop starting jobs (rq/suspension.py suspend), for d in
// whole seconds, or with Forever until Resume. Running jobs continue, and schedulers
// continue to enqueue. Another Suspend replaces the duration. A Python worker that is
// already waiting for a job may start one more.
//
// It takes one step. RQ's takes two, and a client that dies in between leaves the
// workers suspended for ever. It returns an *InvalidError for 0 and for any other
// negative duration.
func Suspend(ctx context.Context, rdb redis.UniversalClient, d time.Duration) error {
	n, err := wholeSeconds("duration of a suspension", d)
	if err == nil && n == 0 {
		err = &InvalidError{"duration of a suspension", d, "must not be 0; use rq.Resume, or rq.Forever for no limit"}
	}
	if err != nil {
		return err
	}
	var expires time.Duration // none
	if n > 0 {
		expires = time.Duration(n) * time.Second
	}
	return wrapf(rdb.Set(ctx, keys.Suspended, 1, expires).Err(), "suspend workers")
}

// Resume lets workers start jobs again, and reports whether they were suspended
// (rq/suspension.py resume).
func Resume(ctx context.Context, rdb redis.UniversalClient) (bool, error) {
	n, err := rdb.Del(ctx, keys.Suspended).Result()
	return n == 1, wrapf(err, "resume workers")
}

// IsSuspended reports whether workers are suspended (rq/suspension.py
// is_suspended).
func IsSuspended(ctx context.Context, rdb redis.UniversalClient) (bool, error) {
	n, err := rdb.Exists(ctx, keys.Suspended).Result()
	return n == 1, wrapf(err, "check whether workers are suspended")
}

// SuspendedFor returns for how long workers are suspended still, Forever if until
// Resume, and 0 if they are not.
func SuspendedFor(ctx context.Context, rdb redis.UniversalClient) (time.Duration, error) {
	left, err := rdb.PTTL(ctx, keys.Suspended).Result()
	switch {
	case err != nil:
		return 0, wrapf(err, "look for how long workers are suspended")
	case left == -1: // Redis' word for a key that does not expire
		return Forever, nil
	}
	return max(left, 0), nil
}
