package redistest_test

import (
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/rqgo/rq/internal/redistest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestNewIsolatesTests(t *testing.T) {
	t.Parallel()
	a, b := redistest.New(t), redistest.New(t)

	must(t, a.Set(t.Context(), "rq:queues", "mine", 0).Err())

	if err := b.Get(t.Context(), "rq:queues").Err(); !errors.Is(err, redis.Nil) {
		t.Errorf("another test's client sees the key: %v", err)
	}
	if redistest.URL(a) == redistest.URL(b) {
		t.Errorf("two clients share %s", redistest.URL(a))
	}
}

func TestRealServerHasRealVersion(t *testing.T) {
	t.Parallel()
	info, err := redistest.Real(t).Info(t.Context(), "server").Result()
	must(t, err)
	if !strings.Contains(info, "executable:") {
		t.Errorf("this is no real server: %s", info)
	}
}

func TestKilledServerComesBackEmpty(t *testing.T) {
	t.Parallel()
	redistest.Real(t)
	s := redistest.Start(t, os.Getenv(redistest.Env))
	rdb := s.Client(t)
	must(t, rdb.Set(t.Context(), "k", "v", 0).Err())

	s.Kill9()
	if err := rdb.Get(t.Context(), "k").Err(); err == nil {
		t.Error("a killed server answered")
	}

	s.Restart(t)
	if err := rdb.Get(t.Context(), "k").Err(); !errors.Is(err, redis.Nil) {
		t.Errorf("after the restart: got %v, want redis.Nil", err)
	}
}

func TestStartTakesServerOptions(t *testing.T) {
	t.Parallel()
	redistest.Real(t)
	s := redistest.Start(t, os.Getenv(redistest.Env), "--maxmemory-policy", "allkeys-lru")

	got, err := s.Client(t).ConfigGet(t.Context(), "maxmemory-policy").Result()
	must(t, err)
	if got["maxmemory-policy"] != "allkeys-lru" {
		t.Errorf("got %v", got)
	}
}

func TestCommandsSeesOneDatabase(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	rdb, other := redistest.Real(t), redistest.Real(t)

	stop := redistest.Commands(t, rdb)
	must(t, other.Incr(ctx, "n").Err())
	must(t, rdb.Set(ctx, "k", "a \"b\"\xff\r\n", 0).Err())
	must(t, rdb.Eval(ctx, `return redis.call("GET", KEYS[1])`, []string{"k"}).Err())
	got := stop()

	want := []redistest.Command{
		{Args: []string{"set", "k", "a \"b\"\xff\r\n"}},
		{Args: []string{"eval", `return redis.call("GET", KEYS[1])`, "1", "k"}},
		{Args: []string{"GET", "k"}, Lua: true},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestRelayKeepsBackWhileItIsFrozen(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.Real(t)
	relay := redistest.NewRelay(t, rdb.Options().Addr)
	opts := redis.Options{Addr: relay.Addr, DB: rdb.Options().DB, PoolSize: 1, MaxRetries: -1, ReadTimeout: 20 * time.Millisecond}
	before := redis.NewClient(&opts)
	defer before.Close()
	must(t, before.Ping(ctx).Err())

	relay.Freeze()
	if err := before.Incr(ctx, "n").Err(); err == nil {
		t.Error("something has passed on a frozen connection")
	}
	must(t, before.Ping(ctx).Err()) // on a new one
	relay.FreezeAll()
	if err := before.Ping(ctx).Err(); err == nil {
		t.Error("something has passed although all is frozen")
	}
	if n := rdb.Exists(ctx, "n").Val(); n != 0 {
		t.Error("the server was asked all the same")
	}

	relay.Thaw()
	for rdb.Get(ctx, "n").Val() != "1" { // it was only kept back
		time.Sleep(time.Millisecond)
	}
	must(t, before.Ping(ctx).Err())
}
