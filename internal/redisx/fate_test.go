package redisx

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
)

// A serverError is one as go-redis has it, for texts that it has no type for.
type serverError string

func (e serverError) Error() string { return string(e) }
func (serverError) RedisError()     {}

func TestErrors(t *testing.T) {
	t.Parallel()
	dial := &net.OpError{Op: "dial", Err: errors.New("refused")}
	for _, c := range []struct {
		err                      error
		fate                     Fate
		server, passing, foreign bool
	}{
		{err: nil, fate: Done},
		{err: redis.Nil, fate: Done, passing: true},
		{err: io.EOF, fate: Unknown, server: true, passing: true},
		{err: dial, fate: Unknown, server: true, passing: true}, // of the last try
		{err: &fateError{NotSent, dial}, fate: NotSent, server: true, passing: true},
		{err: context.DeadlineExceeded, fate: Unknown, server: true, passing: true},
		{err: serverError("WRONGTYPE Operation against a key"), fate: Refused, foreign: true},
		{err: serverError("ERR Error running script: @user_script:3: -WRONGTYPE Operation"), fate: Refused, foreign: true},
		{err: serverError("ERR Error running script: @user_script:3: -OOM command not allowed"), fate: Refused, server: true, passing: true},
		{err: serverError("EXECABORT Transaction discarded because of: LOADING Redis is"), fate: Refused, server: true, passing: true},
		{err: serverError("EXECABORT Transaction discarded because of previous errors."), fate: Refused, passing: true},
		{err: serverError("BUSY Redis is busy"), fate: Refused, server: true, passing: true},
		{err: serverError("BUSYGROUP Consumer Group name already exists"), fate: Refused},
		{err: serverError("WRONGPASS invalid"), fate: Refused, server: true, passing: true},
		{err: serverError("NOPERM this user"), fate: Refused, server: true, passing: true},
		{err: serverError("ERR The user executing the script can't run this command or subcommand script: 1, on @user_script:1."), fate: Refused, server: true, passing: true},
		{err: serverError("ERR max number of clients reached"), fate: Refused, server: true, passing: true},
		{err: serverError("UNBLOCKED force unblock from blocking operation"), fate: Refused, server: true, passing: true},
		{err: serverError("NOSCRIPT No matching script"), fate: Refused, passing: true},
		{err: serverError("CROSSSLOT Keys in request"), fate: Refused},
		{err: serverError("ERR nobody has seen this"), fate: Refused, passing: true},
	} {
		for _, err := range []error{c.err, fmt.Errorf("save: %w", c.err)} {
			if c.err == nil {
				err = nil
			}
			assert.Equal(t, c.fate, FateOf(err), "%v", err)
			assert.Equal(t, c.server, IsServer(err), "%v", err)
			assert.Equal(t, c.passing, IsPassing(err), "%v", err)
			assert.Equal(t, c.foreign, IsForeign(err), "%v", err)
		}
	}
	assert.True(t, IsNoScript(serverError("NOSCRIPT No matching script")))
	assert.True(t, IsCluster(serverError("MOVED 1 127.0.0.1:1")))
	assert.True(t, IsTooLarge(serverError("ERR Protocol error: invalid bulk length")))
	assert.False(t, IsTooLarge(errors.New("invalid bulk length")))
	for _, text := range []string{"OOM command not allowed", "ERR Error running script: @user_script:3: -OOM command", "EXECABORT Transaction discarded because of: OOM command"} {
		assert.True(t, IsOutOfMemory(serverError(text)), text)
	}
	assert.False(t, IsOutOfMemory(serverError("ERR no OOM")))
	assert.False(t, IsOutOfMemory(errors.New("OOM")))
	assert.True(t, IsTimeout(&net.DNSError{IsTimeout: true}))
	assert.False(t, IsTimeout(io.EOF))
}
