package interop

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// A keyspace is all that a database holds, normalised so that two runs of the
// same thing compare equal.
type keyspace struct {
	keys map[string]entry
	// elapsed is how long the run took. Deadlines counted from now differ by
	// as much.
	elapsed time.Duration
}

// An entry is one key. A string has the field "value"; a list its indexes; a
// set its members; a sorted set its members, with their scores; a stream
// "n id" and "n field" for its nth entry.
type entry struct {
	kind   string
	ttl    int64 // seconds, rounded up; -1 is none
	fields map[string]string
}

// dump reads the database of rdb and normalises it. Marks are the times at
// which the steps of the run began; see normaliser.
func dump(ctx context.Context, rdb *redis.Client, marks ...time.Time) (keyspace, error) {
	raw, err := readKeys(ctx, rdb)
	if err != nil {
		return keyspace{}, err
	}
	now := time.Now()
	if len(marks) == 0 {
		marks = []time.Time{now.Add(-time.Minute)}
	}
	n := normaliser{now: now, marks: marks}
	return keyspace{keys: n.normalise(raw), elapsed: now.Sub(marks[0])}, nil
}

// readKeys reads every key as it is.
func readKeys(ctx context.Context, rdb *redis.Client) (map[string]entry, error) {
	names, err := rdb.Keys(ctx, "*").Result()
	if err != nil {
		return nil, fmt.Errorf("list keys: %w", err)
	}
	keys := make(map[string]entry, len(names))
	for _, name := range names {
		e, err := readKey(ctx, rdb, name)
		if errors.Is(err, redis.Nil) {
			continue // it expired between its type and its content
		}
		if err != nil {
			return nil, fmt.Errorf("read key %s: %w", name, err)
		}
		if e.kind != "none" { // else it expired meanwhile
			keys[name] = e
		}
	}
	return keys, nil
}

func readKey(ctx context.Context, rdb *redis.Client, name string) (entry, error) {
	e := entry{fields: map[string]string{}}
	var err error
	if e.kind, err = rdb.Type(ctx, name).Result(); err != nil {
		return e, err
	}
	ttl, err := rdb.PTTL(ctx, name).Result()
	if err != nil {
		return e, err
	}
	e.ttl = -1
	if ttl >= 0 {
		e.ttl = int64(math.Ceil(ttl.Seconds()))
	}
	switch e.kind {
	case "hash":
		e.fields, err = rdb.HGetAll(ctx, name).Result()
	case "string":
		e.fields["value"], err = rdb.Get(ctx, name).Result()
	case "list":
		err = readList(ctx, rdb, name, e.fields)
	case "set":
		err = readSet(ctx, rdb, name, e.fields)
	case "zset":
		err = readZSet(ctx, rdb, name, e.fields)
	case "stream":
		err = readStream(ctx, rdb, name, e.fields)
	}
	return e, err
}

func readList(ctx context.Context, rdb *redis.Client, name string, into map[string]string) error {
	items, err := rdb.LRange(ctx, name, 0, -1).Result()
	for i, item := range items {
		into[strconv.Itoa(i)] = item
	}
	return err
}

func readSet(ctx context.Context, rdb *redis.Client, name string, into map[string]string) error {
	members, err := rdb.SMembers(ctx, name).Result()
	for _, m := range members {
		into[m] = "member"
	}
	return err
}

// readZSet writes scores as Redis does, so an integer has no point.
func readZSet(ctx context.Context, rdb *redis.Client, name string, into map[string]string) error {
	members, err := rdb.ZRangeWithScores(ctx, name, 0, -1).Result()
	for _, m := range members {
		into[fmt.Sprint(m.Member)] = strconv.FormatFloat(m.Score, 'f', -1, 64)
	}
	return err
}

func readStream(ctx context.Context, rdb *redis.Client, name string, into map[string]string) error {
	entries, err := rdb.XRange(ctx, name, "-", "+").Result()
	for i, x := range entries {
		into[fmt.Sprintf("%d id", i)] = x.ID
		for field, value := range x.Values {
			into[fmt.Sprintf("%d %s", i, field)] = fmt.Sprint(value)
		}
	}
	return err
}

// sortedKeys returns the keys of m in order.
func sortedKeys[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
