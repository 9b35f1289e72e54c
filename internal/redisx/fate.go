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
	// Done means that the server has answered, if only that there is nothing.
	Done Fate = iota
	// Refused means that the server has answered with an error.
	Refused
	// NotSent means that the server has never seen the command.
	NotSent
	// Unknown means that the command was sent, and that its reply was lost, or told
	// of a part only.
	Unknown
)

// A fateError is an error whose fate is known from how it came about.
type fateError struct {
	fate Fate
	err  error
}

// Error says of an unknown fate what follows from it.
func (e *fateError) Error() string {
	if e.fate == Unknown {
		return "it may have been done: " + e.err.Error()
	}
	return e.err.Error()
}

func (e *fateError) Unwrap() error { return e.err }

// FateOf returns what became of the command that err is about. Of a command that
// go-redis repeats by itself, err is about the last try, so that a lost reply is
// never taken for anything else than Unknown.
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

// isReply reports whether the server has answered, and not the way to it.
func isReply(err error) bool {
	var reply redis.Error
	return errors.As(err, &reply)
}

// A kind says what an error code of the server means for the next try.
type kind int

const (
	unknown kind = iota // nobody has seen it yet
	state               // all commands of the kind are refused until the server's state changes
	data                // this command, on this data, is refused for ever
	cluster             // the keys are on several servers
	script              // the server does not know the script
)

// kinds are the errors of servers, by the words they begin with.
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
	{"BUSY ", state}, // BUSYGROUP and BUSYKEY are of data
	{"UNKILLABLE", state},
	{"TRYAGAIN", state},
	{"CLUSTERDOWN", state},
	{"UNBLOCKED", state}, // the server became a replica while a command waited
	{"NOAUTH", state},    // passwords and permissions change while programs run
	{"WRONGPASS", state},
	{"NOPERM", state},
	{"max number of clients", state},
	{"DB index is out of range", state}, // of SELECT, when a connection is made

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

// kindOf looks an error of the server up. Before Redis 7 the error of a script has
// that of its command in the middle, and EXECABORT names its cause at the end.
func kindOf(err error) kind {
	var reply redis.Error
	if !errors.As(err, &reply) {
		return unknown
	}
	text := reply.Error()
	for _, marker := range []string{": -", "because of: "} {
		if _, after, found := strings.Cut(text, marker); found {
			text = after
		}
	}
	text = strings.TrimPrefix(text, "ERR ")
	for _, k := range kinds {
		if strings.HasPrefix(text, k.words) {
			return k.kind
		}
	}
	return unknown
}

// IsServer reports whether err is about the server or the way to it, and not about
// one command or its data: other commands meet it too.
func IsServer(err error) bool {
	return err != nil && !errors.Is(err, redis.Nil) && (!isReply(err) || kindOf(err) == state)
}

// IsPassing reports whether the same command may succeed later. An error that
// nobody has seen before may pass, too.
func IsPassing(err error) bool {
	k := kindOf(err)
	return err != nil && k != data && k != cluster
}

// IsForeign reports whether a key holds something else than RQ puts there.
func IsForeign(err error) bool {
	var reply redis.Error
	return errors.As(err, &reply) && strings.Contains(reply.Error(), "WRONGTYPE")
}

// IsCluster reports whether err is what a node of a cluster says of keys that are
// on other nodes.
func IsCluster(err error) bool { return kindOf(err) == cluster }

// IsNoScript reports whether the server has to be told the script first.
func IsNoScript(err error) bool { return kindOf(err) == script }

// IsNotPermitted reports whether the user of the connection may not run the command,
// or not on these keys or channels.
func IsNotPermitted(err error) bool { return redis.HasErrorPrefix(err, "NOPERM") }

// IsTimeout reports whether the client has stopped waiting.
func IsTimeout(err error) bool {
	var network net.Error
	return errors.As(err, &network) && network.Timeout()
}

// IsTooLarge reports whether the server has refused the length of a value.
func IsTooLarge(err error) bool {
	return isReply(err) && (strings.Contains(err.Error(), "invalid bulk length") || strings.Contains(err.Error(), "string exceeds maximum"))
}
