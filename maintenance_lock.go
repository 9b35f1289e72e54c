package rq

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/rqgo/rq/internal/scripts"
)

// unlockTimeout bounds giving up a lock when the round's context has ended.
const unlockTimeout = 2 * time.Second

// errLockLost is why a round ends early. The steps of a round need no lock: it only
// keeps several workers from doing the same.
var errLockLost = errors.New("rq: another worker has the lock")

// locked does something while it holds a lock, and nothing if another worker has
// it. The lock is short and renewed, so that a worker that dies keeps others waiting
// for seconds. It holds a token, so that a reply that is lost is no reason to take
// the own lock for another's. Afterwards the lock is given up, or left to expire so
// long after it was taken.
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
	return errors.Join(err, wrapf(m.unlock(ctx, key, token, leave-time.Since(since)), "unlock"))
}

// renew renews a lock until ctx ends, and ends it when the lock is another's.
func (m *maintenance) renew(ctx context.Context, lost context.CancelCauseFunc, key, token string) {
	for sleep(ctx, m.lock/4) {
		held, err := scripts.TakeLock(ctx, m.rdb, key, token, m.lock)
		if err == nil && !held {
			lost(errLockLost)
		}
	}
}

// unlock gives a lock up, or leaves it to expire after some time.
func (m *maintenance) unlock(ctx context.Context, key, token string, leave time.Duration) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), unlockTimeout)
	defer cancel()
	_, err := scripts.CleanUnlock(ctx, m.rdb, key, token, leave)
	return err
}
