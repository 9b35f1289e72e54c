package rq

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/redisx"
)

// payloads transfers large arguments and outcomes of jobs. Each transfer has a connection
// of its own, which ends with its context, so that heartbeats and small jobs do not wait
// for it. Only a few run at once: if all shared a slow link, none would end in time.
type payloads struct {
	db       *redis.Client // of the server
	patience patience
	turns    chan struct{}
}

// A patience is how long a payload may take: the least, plus the time that its bytes take
// at the rate.
type patience struct {
	least time.Duration
	rate  int // bytes a second
}

// defaultPatience is enough for a link of a megabyte a second; retries have more time.
var defaultPatience = patience{least: 10 * time.Second, rate: 1 << 20}

const (
	payloadsAtOnce = 4
	// payloadTimeouts and payloadCuts are how many timeouts and broken connections end the
	// tries of a payload, though the server can be reached. Each try has twice the time of
	// the one before; a connection may also break for other reasons.
	payloadTimeouts = 3
	payloadCuts     = 6
	// payloadNoMemory is how many times the server may have no memory for a payload before
	// the job fails, if there is memory for that.
	payloadNoMemory = 5
)

func newPayloads(db *redis.Client, p patience) *payloads {
	return &payloads{db: db, patience: p, turns: make(chan struct{}, payloadsAtOnce)}
}

// limit is how long the bytes may take after this many unanswered tries.
func (p patience) limit(bytes, unanswered int) time.Duration {
	return (p.least + time.Duration(bytes)*time.Second/time.Duration(p.rate)) << unanswered
}

// carry waits for the payload's turn, and calls f with a client that does not retry. It
// returns the time limit of f.
func (p *payloads) carry(ctx context.Context, bytes, unanswered int, f func(*redis.Client) error) (time.Duration, error) {
	select {
	case p.turns <- struct{}{}:
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
	defer func() { <-p.turns }()
	c, err := ownConnection(ctx, p.db)
	if err != nil {
		return 0, err
	}
	defer c.close()
	limit := p.patience.limit(bytes, unanswered)
	return limit, f(c.WithTimeout(limit))
}

// payloadTries counts the tries of a payload that may have failed because of its size.
type payloadTries struct {
	unanswered int // though the server can be reached
	noMemory   int
}

// hopeless counts tries that were not answered although the server can be reached, and
// reports whether to give up.
func (p *payloads) hopeless(ctx context.Context, err error, tries *payloadTries) bool {
	if redisx.FateOf(err) != redisx.Unknown {
		return false
	}
	if ping := p.db.Ping(ctx).Err(); ping != nil && !redisx.IsNotPermitted(ping) {
		return false
	}
	tries.unanswered++
	if redisx.IsTimeout(err) {
		return tries.unanswered >= payloadTimeouts
	}
	return tries.unanswered >= payloadCuts
}

// refused returns why the server will never accept this many bytes, or nil if it may later.
// longest is the size of the longest value.
func (p *payloads) refused(ctx context.Context, bytes, longest int, err error, tries *payloadTries) error {
	if redisx.IsOutOfMemory(err) {
		if tries.noMemory++; tries.noMemory < payloadNoMemory {
			return nil
		}
		_, says := p.limit(ctx, "maxmemory")
		return fmt.Errorf("there is no memory for %d bytes in Redis%s: %w", bytes, says, err)
	}
	tooLarge, lost := redisx.IsTooLarge(err), redisx.FateOf(err) == redisx.Unknown
	if !tooLarge && !lost {
		return nil
	}
	limit, says := p.limit(ctx, "proto-max-bulk-len")
	switch {
	case tooLarge, limit > 0 && longest > limit: // the server may only close the connection
		return fmt.Errorf("%d bytes are more than Redis accepts%s: %w", longest, says, err)
	case p.hopeless(ctx, err, tries):
		return fmt.Errorf("%d bytes do not reach Redis%s: %w", bytes, says, err)
	}
	return nil
}

// limit returns a limit of the server and its text for errors, if the server tells.
func (p *payloads) limit(ctx context.Context, name string) (int, string) {
	values, err := p.db.ConfigGet(ctx, name).Result()
	limit, bad := strconv.Atoi(values[name])
	if err != nil || bad != nil {
		return 0, ""
	}
	return limit, fmt.Sprintf(" (its %s is %d)", name, limit)
}
