package rq

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
)

// Suspend tells all workers to start no more jobs, for a duration in whole
// seconds, or until Resume with Forever. Jobs that run go on, and schedulers go on
// to enqueue. A second Suspend replaces the duration of the first
// (rq/suspension.py suspend). It is one step: RQ's are two, and workers stay
// suspended for ever when the second one is not reached. A Python worker that
// waits for a job already may start one more.
//
// It returns an *InvalidError for any other duration, and changes nothing then.
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
	return n == 1, wrapf(err, "look whether workers are suspended")
}
