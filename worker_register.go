package rq

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redisx"
	"github.com/rqgo/rq/internal/scripts"
	"github.com/rqgo/rq/internal/wire"
)

// version is what RQ's tools show for the version of a Go worker.
const version = "rq-go/0.1.0"

// A presence is what other clients see of a running worker: its hash, its entries in the
// sets of workers, and its name.
type presence struct {
	cfg          *WorkerConfig
	db           *redis.Client
	log          *slog.Logger
	birth        time.Time
	identity     wire.Worker
	cannotListen atomic.Bool // it has no permission to receive commands
	running      *executions
	replaced     func() // called when another worker has taken the name
}

// checkServer returns an error for a server that cannot hold RQ's keys, and warns of one
// that may evict them.
func (r *presence) checkServer(ctx context.Context) error {
	text, err := r.db.Info(ctx).Result()
	if err != nil {
		if ctx.Err() != nil || (isConnectionError(err) && !redisx.IsNotPermitted(err)) {
			return wrapf(err, "connect")
		}
		return nil // the server does not tell its version
	}
	info := parseInfo(text)
	if info["cluster_enabled"] == "1" {
		return ErrCluster
	}
	if v := info["redis_version"]; v != "" && tooOld(v) {
		return &InvalidError{"server version", v, "must be 6.2 or later: older ones cannot move jobs safely"}
	}
	if policy := info["maxmemory_policy"]; policy != "" && policy != "noeviction" && info["maxmemory"] != "0" {
		r.log.Warn("rq: the server may evict jobs when its memory is full: set maxmemory-policy noeviction", "maxmemory-policy", policy)
	}
	return nil
}

// parseInfo reads the lines of INFO.
func parseInfo(text string) map[string]string {
	info := map[string]string{}
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		if name, value, ok := strings.Cut(lines.Text(), ":"); ok {
			info[name] = value
		}
	}
	return info
}

// tooOld reports whether the server has no BLMOVE.
func tooOld(v string) bool {
	parts := append(strings.Split(v, "."), "0")
	major, err := strconv.Atoi(parts[0])
	minor, _ := strconv.Atoi(parts[1])
	return err == nil && (major < 6 || (major == 6 && minor < 2))
}

// register writes the worker's hash, and adds it to the sets of workers (rq/worker/base.py
// BaseWorker.register_birth).
func (r *presence) register(ctx context.Context) error {
	hostname, _ := os.Hostname()
	r.birth = now()
	r.identity = wire.Worker{
		Birth: r.birth, LastHeartbeat: r.birth, Queues: r.cfg.Queues, PID: os.Getpid(), Hostname: hostname,
		IPAddress: r.address(ctx), Version: version, PythonVersion: runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH,
	}
	done, err := r.writeRegistration(ctx, scripts.New)
	if err == nil && !done {
		done, err = r.replace(ctx)
	}
	if err != nil {
		return wrapf(err, "register worker %s", r.cfg.Name)
	}
	if !done {
		return fmt.Errorf("%w: %s", ErrWorkerExists, r.cfg.Name)
	}
	return nil
}

func (r *presence) writeRegistration(ctx context.Context, how string) (bool, error) {
	fields := r.identity.Fields()
	if how == scripts.Again {
		fields = append(fields, "state", r.state())
	}
	if r.cannotListen.Load() {
		fields = append(fields, listensField, notListening)
	}
	return scripts.RegisterWorker(ctx, r.db, r.cfg.Name, how, r.idleTTL(), r.cfg.Queues, fields)
}

// noteListening records in the worker's hash whether it may receive commands. A worker that
// may not is then not taken for dead because nobody listens. Most may, and do not have
// this field, which RQ does not know.
func (r *presence) noteListening(ctx context.Context, may bool) {
	if r.cannotListen.Swap(!may) == !may {
		return
	}
	listens := "1"
	if !may {
		listens = notListening
	}
	if !r.note(ctx, listensField, listens) {
		r.cannotListen.Store(may) // it is noted with the next attempt to listen
	}
}

// idleTTL and busyTTL are how many seconds a heartbeat lasts.
func (r *presence) idleTTL() int { return int(r.cfg.WorkerTTL/time.Second) + 60 }

func (r *presence) busyTTL() int { return r.interval() + 60 }

func (r *presence) interval() int { return int(r.cfg.JobMonitoringInterval / time.Second) }

// listensField is a field of a worker's hash that RQ does not know. It is
// notListening when the worker may not receive commands.
const (
	listensField = "listens"
	notListening = "0"
)

// replaceAfter is how long a worker must not listen to commands to be taken for dead.
// A Python worker retries 2 s after it has lost its connection.
const replaceAfter = 3 * time.Second

// replace takes the name of a worker that died without removing its hash, for example
// because its container was killed. A live one listens to commands, and the server knows
// at once when a process is gone. One that may not listen says so in its hash, and keeps
// its name until the hash expires.
func (r *presence) replace(ctx context.Context) (bool, error) {
	for i := range 2 {
		listeners, err := r.db.PubSubNumSub(ctx, keys.Commands(r.cfg.Name)).Result()
		if err != nil || listeners[keys.Commands(r.cfg.Name)] > 0 {
			return false, err
		}
		if i == 0 && !sleep(ctx, replaceAfter) {
			return false, ctx.Err()
		}
	}
	listens, err := r.db.HGet(ctx, keys.Worker(r.cfg.Name), listensField).Result()
	switch {
	case listens == notListening:
		return false, nil
	case err != nil && !errors.Is(err, redis.Nil):
		return false, err
	}
	r.log.Warn("rq: replacing a dead worker of the same name")
	return r.writeRegistration(ctx, scripts.Instead)
}

// nameConnections names the connections after the worker, for CLIENT LIST. Some servers
// refuse CLIENT, which go-redis treats as a failed connection; here the connection then
// has no name.
func nameConnections(opts *redis.Options, worker string) {
	name, before := connectionName(worker), opts.OnConnect
	opts.ClientName = ""
	opts.OnConnect = func(ctx context.Context, conn *redis.Conn) error {
		if err := conn.ClientSetName(ctx, name).Err(); err != nil && !isRefused(err) {
			return err
		}
		if before != nil {
			return before(ctx, conn)
		}
		return nil
	}
}

// connectionName returns the name of a worker in a form that is valid for a connection,
// with underscores for spaces and for characters that are not ASCII.
func connectionName(worker string) string {
	return strings.Map(func(c rune) rune {
		if '!' <= c && c <= '~' {
			return c
		}
		return '_'
	}, worker)
}

// address returns the address of the worker's connection as the server sees it, or as in
// RQ "unknown".
func (r *presence) address(ctx context.Context) string {
	info, err := r.db.ClientInfo(ctx).Result()
	if isRefused(err) {
		r.log.Warn("rq: the server refuses CLIENT: the worker's address is unknown, and its connections have no name", "error", err)
	}
	if err != nil || info.Addr == "" {
		return "unknown"
	}
	return info.Addr
}

// deathTTL is how long RQ keeps the hash of a worker that has ended.
const deathTTL = time.Minute

// die removes the worker from the sets of workers (rq/worker/base.py
// BaseWorker.register_death).
func (r *presence) die(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, writeGrace)
	defer cancel()
	key := keys.Worker(r.cfg.Name)
	born, err := r.db.HGet(ctx, key, "birth").Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		r.log.Warn("rq: the worker stays registered until its heartbeat expires", "error", err)
		return
	}
	if err == nil && born != wire.FormatTime(r.birth) {
		return // another worker has the name
	}
	_, err = redisx.Transact(ctx, r.db, func(pipe redis.Pipeliner) {
		pipe.SRem(ctx, keys.Workers, key)
		for _, q := range r.cfg.Queues {
			pipe.SRem(ctx, keys.QueueWorkers(q), key)
		}
		pipe.HSet(ctx, key, "death", wire.FormatTime(now()))
		pipe.Expire(ctx, key, deathTTL)
		pipe.Del(ctx, keys.WorkerExecutions(r.cfg.Name))
	})
	if err != nil {
		r.log.Warn("rq: register the worker's death", "error", err)
	}
}

// state returns the worker's state when it is not suspended.
func (r *presence) state() string {
	if r.running.count() > 0 {
		return "busy"
	}
	return "idle"
}

func (r *presence) setState(ctx context.Context, state string) { r.note(ctx, "state", state) }

// note sets fields of the worker's hash, and reports whether it has. After an error the
// worker goes on.
func (r *presence) note(ctx context.Context, fields ...any) bool {
	err := r.db.HSet(ctx, keys.Worker(r.cfg.Name), fields...).Err()
	if err != nil && ctx.Err() == nil {
		r.log.Warn("rq: update worker", "error", err)
	}
	return err == nil
}

// registerAgain registers the worker after its hash has expired. It reports false when
// another worker has taken the name.
func (r *presence) registerAgain(ctx context.Context) (bool, error) {
	done, err := r.writeRegistration(ctx, scripts.Again)
	if err == nil && !done {
		r.replaced()
	}
	return done, err
}

// failedStart cleans up after a worker that could not start. A shutdown is not an error.
func (r *presence) failedStart(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeGrace/2)
	defer cancel()
	born, _ := r.db.HGet(ctx, keys.Worker(r.cfg.Name), "birth").Result()
	if !r.birth.IsZero() && born == wire.FormatTime(r.birth) { // its registration was written
		r.die(ctx)
	}
	return nil
}
