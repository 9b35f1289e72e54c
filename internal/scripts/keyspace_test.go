package scripts

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/redistest"
)

// A keyspace is all that a database holds: the content of each key as one text,
// such as "list a b", "zset a=1 b=2" or "hash f=v ttl 60".
type keyspace map[string]string

func dump(t testing.TB, rdb *redis.Client) keyspace {
	t.Helper()
	names, err := rdb.Keys(t.Context(), "*").Result()
	require.NoError(t, err)
	all := make(keyspace, len(names))
	for _, name := range names {
		all[name] = content(t, rdb, name)
	}
	return all
}

func content(t testing.TB, rdb *redis.Client, key string) string {
	t.Helper()
	ctx := t.Context()
	kind := rdb.Type(ctx, key).Val()
	var words []string
	switch kind {
	case "string":
		words = []string{rdb.Get(ctx, key).Val()}
	case "list":
		words = rdb.LRange(ctx, key, 0, -1).Val()
	case "set":
		words = slices.Sorted(slices.Values(rdb.SMembers(ctx, key).Val()))
	case "hash":
		hash := rdb.HGetAll(ctx, key).Val()
		for _, field := range slices.Sorted(maps.Keys(hash)) {
			words = append(words, field+"="+hash[field])
		}
	case "zset":
		for _, z := range rdb.ZRangeWithScores(ctx, key, 0, -1).Val() {
			words = append(words, fmt.Sprint(z.Member, "=", strconv.FormatFloat(z.Score, 'f', -1, 64)))
		}
	case "stream":
		words = []string{strconv.FormatInt(rdb.XLen(ctx, key).Val(), 10)}
	}
	if ttl := rdb.PTTL(ctx, key).Val(); ttl > 0 {
		words = append(words, "ttl", strconv.Itoa(int((ttl+time.Second-1)/time.Second)))
	}
	return strings.Join(append([]string{kind}, words...), " ")
}

// changes returns the keys that differ, with what they hold after; "" is gone.
func changes(before, after keyspace) keyspace {
	diff := make(keyspace)
	for key, now := range after {
		if before[key] != now {
			diff[key] = now
		}
	}
	for key := range before {
		if _, ok := after[key]; !ok {
			diff[key] = ""
		}
	}
	return diff
}

// do executes commands, each written as one would type it.
func do(t testing.TB, rdb *redis.Client, commands ...string) {
	t.Helper()
	for _, c := range commands {
		var args []any
		for word := range strings.FieldsSeq(c) {
			if word == "''" {
				word = ""
			}
			args = append(args, word)
		}
		require.NoError(t, rdb.Do(t.Context(), args...).Err(), c)
	}
}

// A scene is one branch of a contract: what is there, what a script then does,
// and all that has changed after.
type scene struct {
	name   string
	before []string // commands
	act    func(t *testing.T, rdb *redis.Client)
	want   keyspace // the keys that change; "" is gone
}

func play(t *testing.T, scenes []scene) {
	t.Helper()
	for _, s := range scenes {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			rdb := redistest.New(t)
			do(t, rdb, s.before...)
			before := dump(t, rdb)
			s.act(t, rdb)
			want := s.want
			if want == nil {
				want = keyspace{}
			}
			require.Equal(t, want, changes(before, dump(t, rdb)))
		})
	}
}

// at is the time of all changes in these tests.
var at = Moment{Unix: 1000, Text: "T"}
