package rq

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/rqgo/rq/internal/scripts"
)

// unlockTimeout limits how long it may take to release a lock when the round's context has ended.
const unlockTimeout = 2 * time.Second

// errLockLost ends a round early. The steps of a round are safe without the lock: it
// only keeps several workers from doing the same work.
var errLockLost = errors.New("rq: another worker has the lock")

// locked calls do while it holds a lock, or returns at once if another worker holds it.
// The lock is short and renewed, so that a worker that dies blocks others only for
// seconds. It holds a token, so that after a lost reply the worker still recognises its
// own lock. Afterwards the lock is released, or with leave kept until that long after
// it was taken.
func (m *maintenance) locked(ctx context.Context, key string, leave time.Duration, do func(context.Context) error) error {
	token, since := uuid.NewString(), time.Now()
	held, err := scripts.TakeLock(ctx, m.rdb, key, token, m.lock)
	if err != nil || !held {
		return err
	}
	holding, lost := context.WithCancelCause(ctx)
	var renewing sync.WaitGroup
	renewing.Go(func() { m.renew(holding, lost, key, token) })
	err = do(holding)
	if errors.Is(context.Cause(holding), errLockLost) {
		err = errLockLost
	}
	lost(nil)
	renewing.Wait()
	return errors.Join(err, wrapf(m.unlock(ctx, key, token, leave-time.Since(since)), "release maintenance lock"))
}

// renew renews a lock until ctx ends, and calls lost when another worker holds it.
func (m *maintenance) renew(ctx context.Context, lost context.CancelCauseFunc, key, token string) {
	for sleep(ctx, m.lock/4) {
		held, err := scripts.TakeLock(ctx, m.rdb, key, token, m.lock)
		if err == nil && !held {
			lost(errLockLost)
		}
	}
}

// unlock releases a lock, or lets it expire after leave.
func (m *maintenance) unlock(ctx context.Context, key, token string, leave time.Duration) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), unlockTimeout)
	defer cancel()
	_, err := scripts.CleanUnlock(ctx, m.rdb, key, token, leave)
	return err
}
