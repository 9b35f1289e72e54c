package rq

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/redisx"
)

// payloads read and write what is too large to travel with anything else: arguments of
// jobs, and what came of them. Each has a connection of its own, which ends with its
// context, so that heartbeats and small jobs do not wait for it. Only a few travel at
// once: were they all to share a slow link, none would arrive in its time.
type payloads struct {
	db       *redis.Client // of the server
	patience patience
	turns    chan struct{}
}

// A patience is how long a payload may take: the least for any, and as long again as its
// bytes take at a rate.
type patience struct {
	least time.Duration
	rate  int // bytes a second
}

// defaultPatience is enough for links of a megabyte a second; later tries have more.
var defaultPatience = patience{least: 10 * time.Second, rate: 1 << 20}

const (
	payloadsAtOnce = 4
	// payloadTimeouts and payloadCuts are how often a payload may be unanswered, though
	// the server can be reached, until it is given up. Each try has twice the time of
	// the one before; a connection that breaks may do so for other reasons.
	payloadTimeouts = 3
	payloadCuts     = 6
	// payloadNoMemory is how often the server may have no memory for a payload. Then
	// the job fails, if there is memory for that.
	payloadNoMemory = 5
)

func newPayloads(db *redis.Client, p patience) *payloads {
	return &payloads{db: db, patience: p, turns: make(chan struct{}, payloadsAtOnce)}
}

// limit is how long so many bytes may take when so many tries were unanswered.
func (p patience) limit(bytes, unanswered int) time.Duration {
	return (p.least + time.Duration(bytes)*time.Second/time.Duration(p.rate)) << unanswered
}

// carry calls f when it is the payload's turn, with a client that sends once. It
// returns how long f had.
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

// payloadTries counts the tries of a payload that may have failed for its size.
type payloadTries struct {
	unanswered int // though the server can be reached
	noMemory   int
}

// hopeless counts tries that the server has not answered although it can be reached,
// and reports whether they were enough.
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

// refused returns why the server will not take so many bytes, or nil if it may later.
// longest is the longest value of them.
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
	case tooLarge, limit > 0 && longest > limit: // the server may only hang up
		return fmt.Errorf("%d bytes are more than Redis takes%s: %w", longest, says, err)
	case p.hopeless(ctx, err, tries):
		return fmt.Errorf("%d bytes do not reach Redis%s: %w", bytes, says, err)
	}
	return nil
}

// limit returns a limit of the server and how to name it, if the server tells.
func (p *payloads) limit(ctx context.Context, name string) (int, string) {
	values, err := p.db.ConfigGet(ctx, name).Result()
	limit, bad := strconv.Atoi(values[name])
	if err != nil || bad != nil {
		return 0, ""
	}
	return limit, fmt.Sprintf(" (its %s is %d)", name, limit)
}
