package rq

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/scripts"
	"github.com/rqgo/rq/internal/wire"
)

// version is what RQ's tools show for the version of a Go worker.
const version = "rq-go/0.1.0"

// checkServer refuses servers that cannot hold RQ's keys, and warns of one that
// may throw them away.
func (r *run) checkServer(ctx context.Context) error {
	text, err := r.db.Info(ctx).Result()
	if err != nil {
		if ctx.Err() != nil || isConnectionError(err) {
			return wrapf(err, "connect")
		}
		return nil // a server that does not say what it is
	}
	info := parseInfo(text)
	if info["cluster_enabled"] == "1" {
		return ErrCluster
	}
	if v := info["redis_version"]; v != "" && tooOld(v) {
		return &InvalidError{"server version", v, "must be 6.2 or later: older ones cannot move jobs safely"}
	}
	if policy := info["maxmemory_policy"]; policy != "" && policy != "noeviction" && info["maxmemory"] != "0" {
		r.log.Warn("rq: the server may throw jobs away when its memory is full: set maxmemory-policy noeviction", "maxmemory-policy", policy)
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

// register enters the worker where others look for workers (rq/worker/base.py
// BaseWorker.register_birth).
func (r *run) register(ctx context.Context) error {
	hostname, _ := os.Hostname()
	r.birth = now()
	r.identity = wire.Worker{
		Birth: r.birth, LastHeartbeat: r.birth, Queues: r.cfg.Queues, PID: os.Getpid(), Hostname: hostname,
		IPAddress: r.address(ctx), Version: version, PythonVersion: runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH,
	}
	done, err := r.enter(ctx, scripts.New)
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

func (r *run) enter(ctx context.Context, how string) (bool, error) {
	fields := r.identity.Fields()
	if how == scripts.Again {
		fields = append(fields, "state", r.state())
	}
	return scripts.RegisterWorker(ctx, r.db, r.cfg.Name, how, r.idleTTL(), r.cfg.Queues, fields)
}

// idleTTL and busyTTL are for how many seconds a heartbeat lasts.
func (r *run) idleTTL() int { return int(r.cfg.WorkerTTL/time.Second) + 60 }

func (r *run) busyTTL() int { return r.interval() + 60 }

func (r *run) interval() int { return int(r.cfg.JobMonitoringInterval / time.Second) }

// replaceAfter is for how long a worker must be deaf to be taken for dead.
// Python's, when it has lost its connection, tries again after 2 s.
const replaceAfter = 3 * time.Second

// replace takes the name of a worker that did not say that it died, such as one
// whose container was killed. A living one listens to commands, and the server
// knows at once when a process is gone.
func (r *run) replace(ctx context.Context) (bool, error) {
	for i := range 2 {
		listeners, err := r.db.PubSubNumSub(ctx, keys.Commands(r.cfg.Name)).Result()
		if err != nil || listeners[keys.Commands(r.cfg.Name)] > 0 {
			return false, err
		}
		if i == 0 && !sleep(ctx, replaceAfter) {
			return false, ctx.Err()
		}
	}
	r.log.Warn("rq: taking the place of a worker of this name that is gone")
	return r.enter(ctx, scripts.Instead)
}

// replaced ends a worker whose name another one has.
func (r *run) replaced() {
	r.log.Error("rq: another worker has this one's name")
	r.stopFetching(ErrWorkerReplaced)
}

// address is where the worker's connection comes from, as the server sees it.
func (r *run) address(ctx context.Context) string {
	info, err := r.db.ClientInfo(ctx).Result()
	if err != nil || info.Addr == "" {
		return "unknown"
	}
	return info.Addr
}

// deathTTL is for how long RQ keeps the hash of a worker that has ended.
const deathTTL = time.Minute

// die takes the worker out of where others look for workers (rq/worker/base.py
// BaseWorker.register_death).
func (r *run) die(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, booksGrace)
	defer cancel()
	key := keys.Worker(r.cfg.Name)
	born, err := r.db.HGet(ctx, key, "birth").Result()
	if (err == nil && born != wire.FormatTime(r.birth)) || (err != nil && !errors.Is(err, redis.Nil)) {
		return // another worker has the name, or may have it
	}
	_, err = r.db.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
		pipe.SRem(ctx, keys.Workers, key)
		for _, q := range r.cfg.Queues {
			pipe.SRem(ctx, keys.QueueWorkers(q), key)
		}
		pipe.HSet(ctx, key, "death", wire.FormatTime(now()))
		pipe.Expire(ctx, key, deathTTL)
		pipe.Del(ctx, keys.WorkerExecutions(r.cfg.Name))
		return nil
	})
	if err != nil {
		r.log.Warn("rq: register the worker's death", "error", err)
	}
}
