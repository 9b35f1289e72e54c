// Package redisx is the one way to Redis. It sends pipelines, transactions and
// commands that must not be repeated, reads many keys, and it alone says what an
// error of Redis means: whether the server has done what it was asked, and whether
// it may do it later.
package redisx

import (
	"errors"
	"net"
	"strings"

	"github.com/redis/go-redis/v9"
)

// A Fate says what became of a command.
type Fate int

const (
	// Done means that the server has answered without an error. A nil reply counts too.
	Done Fate = iota
	// Refused means that the server has answered with an error.
	Refused
	// NotSent means that the server has never received the command.
	NotSent
	// Unknown means that the command was sent, but its reply was lost or incomplete.
	Unknown
)

// A fateError is an error with a known fate.
type fateError struct {
	fate Fate
	err  error
}

// Error says for an unknown fate that the command may have been done.
func (e *fateError) Error() string {
	if e.fate == Unknown {
		return "it may have been done: " + e.err.Error()
	}
	return e.err.Error()
}

func (e *fateError) Unwrap() error { return e.err }

// FateOf returns the fate of the command that returned err. For a command that go-redis
// retries by itself, err is from the last attempt.
func FateOf(err error) Fate {
	var known *fateError
	switch {
	case err == nil, errors.Is(err, redis.Nil):
		return Done
	case errors.As(err, &known):
		return known.fate
	case isReply(err):
		return Refused
	}
	return Unknown
}

// isReply reports whether the error is a reply of the server, and not of the connection.
func isReply(err error) bool {
	var reply redis.Error
	return errors.As(err, &reply)
}

// A kind says what an error of the server means for a retry.
type kind int

const (
	unknown kind = iota // not in the table
	state               // such commands are refused until the server's state changes
	data                // this command, on this data, is refused for ever
	cluster             // the keys are on several servers
	script              // the server does not know the script
)

// kinds are the errors of servers, by the words that they begin with.
var kinds = []struct {
	words string
	kind  kind
}{
	{"LOADING", state},
	{"READONLY", state},
	{"MASTERDOWN", state},
	{"NOREPLICAS", state},
	{"MISCONF", state},
	{"OOM", state},
	{"BUSY ", state}, // BUSYGROUP and BUSYKEY are about data
	{"UNKILLABLE", state},
	{"TRYAGAIN", state},
	{"CLUSTERDOWN", state},
	{"UNBLOCKED", state}, // the server became a replica while a command waited
	{"NOAUTH", state},    // passwords and permissions change while programs run
	{"WRONGPASS", state},
	{"max number of clients", state},
	{"DB index is out of range", state}, // from SELECT, when a connection is made

	{"WRONGTYPE", data},
	{"BUSYGROUP", data},
	{"BUSYKEY", data},
	{"Protocol error", data},
	{"syntax error", data},
	{"unknown command", data},
	{"wrong number of arguments", data},
	{"string exceeds maximum", data},
	{"value is not", data},
	{"hash value is not", data},
	{"Error compiling script", data},

	{"CROSSSLOT", cluster},
	{"MOVED", cluster},
	{"ASK ", cluster},

	{"NOSCRIPT", script},
}

// causeOf returns the words of what went wrong. Before Redis 7 the error of a script has
// that of its command in the middle, and EXECABORT names its cause at the end.
func causeOf(reply redis.Error) string {
	text := reply.Error()
	for _, marker := range []string{": -", "because of: "} {
		if _, after, found := strings.Cut(text, marker); found {
			text = after
		}
	}
	return strings.TrimPrefix(text, "ERR ")
}

// kindOf looks an error of the server up.
func kindOf(err error) kind {
	var reply redis.Error
	if !errors.As(err, &reply) {
		return unknown
	}
	if IsNotPermitted(err) {
		return state
	}
	text := causeOf(reply)
	for _, k := range kinds {
		if strings.HasPrefix(text, k.words) {
			return k.kind
		}
	}
	return unknown
}

// IsServer reports whether err is about the server or the connection, and not about one
// command or its data: other commands would fail too.
func IsServer(err error) bool {
	return err != nil && !errors.Is(err, redis.Nil) && (!isReply(err) || kindOf(err) == state)
}

// IsPassing reports whether the same command may succeed later. An unknown error may
// pass, too.
func IsPassing(err error) bool {
	k := kindOf(err)
	return err != nil && k != data && k != cluster
}

// IsForeign reports whether a key holds something that RQ does not put there.
func IsForeign(err error) bool {
	var reply redis.Error
	return errors.As(err, &reply) && strings.Contains(reply.Error(), "WRONGTYPE")
}

// IsCluster reports whether err is the error of a cluster's node for keys on other
// nodes.
func IsCluster(err error) bool { return kindOf(err) == cluster }

// IsNoScript reports whether the server must be sent the whole script first.
func IsNoScript(err error) bool { return kindOf(err) == script }

// IsNotPermitted reports whether the user of the connection may not run the command,
// or not on these keys or channels.
func IsNotPermitted(err error) bool {
	var reply redis.Error
	return errors.As(err, &reply) && (strings.HasPrefix(causeOf(reply), "NOPERM") || strings.Contains(reply.Error(), notInScript))
}

// notInScript is in the error of a script whose command the user may not run, before
// Redis 7.2.
const notInScript = "The user executing the script can't"

// IsTimeout reports whether the client has timed out.
func IsTimeout(err error) bool {
	var network net.Error
	return errors.As(err, &network) && network.Timeout()
}

// IsTooLarge reports whether the server has refused a value for its length.
func IsTooLarge(err error) bool {
	return isReply(err) && (strings.Contains(err.Error(), "invalid bulk length") || strings.Contains(err.Error(), "string exceeds maximum"))
}

// IsOutOfMemory reports whether the server takes nothing because its memory is full.
func IsOutOfMemory(err error) bool {
	var reply redis.Error
	return errors.As(err, &reply) && strings.HasPrefix(causeOf(reply), "OOM")
}
