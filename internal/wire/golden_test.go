package wire

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A golden is a hash as a version of RQ writes it, see testdata/wire/generate.py.
type golden struct {
	Name   string
	RQ     string
	Fields [][2]string // in RQ's order
}

// goldens reads a file of rows and undoes the base64 of binary fields.
func goldens(t testing.TB, file string) []golden {
	t.Helper()
	text, err := os.ReadFile("../../testdata/wire/" + file)
	require.NoError(t, err)
	var rows []golden
	for line := range bytes.Lines(text) {
		var g golden
		require.NoError(t, json.Unmarshal(line, &g))
		for i, f := range g.Fields {
			switch f[0] {
			case "data", "exc_info", "meta", "result":
				p, err := base64.StdEncoding.DecodeString(f[1])
				require.NoError(t, err)
				g.Fields[i][1] = string(p)
			}
		}
		rows = append(rows, g)
	}
	return rows
}

func (g *golden) hash() map[string]string { return asMap(g.Fields) }

func asMap(fields [][2]string) map[string]string {
	hash := make(map[string]string, len(fields))
	for _, f := range fields {
		hash[f[0]] = f[1]
	}
	return hash
}

// written returns the arguments of an HSET or XADD as pairs.
func written(t testing.TB, args []any) [][2]string {
	t.Helper()
	require.Zero(t, len(args)%2)
	pairs := make([][2]string, 0, len(args)/2)
	for pair := range slices.Chunk(args, 2) {
		pairs = append(pairs, [2]string{fmt.Sprint(pair[0]), fmt.Sprintf("%s", pair[1])})
	}
	return pairs
}

// inflated undoes the compression of fields, whose bytes need not be Python's.
func inflated(t testing.TB, fields [][2]string) [][2]string {
	t.Helper()
	out := slices.Clone(fields)
	for i, f := range out {
		compressed := f[1]
		switch f[0] {
		case "exc_string":
			p, err := base64.StdEncoding.DecodeString(f[1])
			require.NoError(t, err)
			compressed = string(p)
		case "data", "exc_info":
		default:
			continue
		}
		assert.Equal(t, "\x78\x9c", compressed[:2], f[0])
		p, err := Inflate([]byte(compressed))
		require.NoError(t, err)
		out[i][1] = string(p)
	}
	return out
}

// without drops the fields that the writer of want did not know. They are empty
// here, but for the status that RQ before 2.4.1 does not write.
func without(got, want [][2]string) [][2]string {
	known := asMap(want)
	return slices.DeleteFunc(slices.Clone(got), func(f [2]string) bool {
		_, ok := known[f[0]]
		return !ok && (f[1] == "" || f == [2]string{"status", "created"})
	})
}

// statusFirst moves the status to the front, where RQ's own HSET of it puts it.
func statusFirst(fields [][2]string) [][2]string {
	out := slices.Clone(fields)
	i := slices.IndexFunc(out, func(f [2]string) bool { return f[0] == "status" })
	if i >= 0 {
		out = slices.Insert(slices.Delete(out, i, i+1), 0, fields[i])
	}
	return out
}

func TestJobsAreWrittenAsRQDoes(t *testing.T) {
	t.Parallel()
	for _, g := range goldens(t, "jobs.jsonl") {
		t.Run(g.RQ+"/"+g.Name, func(t *testing.T) {
			t.Parallel()
			j, err := DecodeJob(g.hash())
			require.NoError(t, err)
			want := inflated(t, statusFirst(g.Fields))
			assert.Equal(t, want, without(inflated(t, written(t, j.Fields())), want))
		})
	}
}

func TestResultsAreWrittenAsRQDoes(t *testing.T) {
	t.Parallel()
	for _, g := range goldens(t, "results.jsonl") {
		r, err := DecodeResult(g.hash())
		require.NoError(t, err, g.Name)
		want := inflated(t, g.Fields)
		assert.Equal(t, want, without(inflated(t, written(t, r.Fields())), want), "%s of RQ %s", g.Name, g.RQ)
	}
}

func TestExecutionsAreWrittenAsRQDoes(t *testing.T) {
	t.Parallel()
	for _, g := range goldens(t, "executions.jsonl") {
		e, err := DecodeExecution(g.hash())
		require.NoError(t, err, g.Name)
		assert.Equal(t, g.Fields, without(written(t, e.Fields()), g.Fields), "%s of RQ %s", g.Name, g.RQ)
	}
}

// TestEveryFieldIsReadIntoItsOwn would notice two fields that are mixed up in
// the same way by writer and reader.
func TestEveryFieldIsReadIntoItsOwn(t *testing.T) {
	t.Parallel()
	rows := goldens(t, "jobs.jsonl")
	i := slices.IndexFunc(rows, func(g golden) bool { return g.Name == "everything" })
	hash := rows[i].hash()
	for name, value := range map[string]string{ // of other cases
		"group_id": "g", "rate_limit_key": "k", "rate_limit_concurrency": "9", "number_of_retries": "10",
		"repeats_left": "11", "repeat_intervals": "[12]", "enqueue_at_front_on_retry": "1",
		"webhooks": `[{"url": "http://h/", "job_status": "failed", "method": "POST", "headers": {"a": "b"}, "timeout": 13}]`,
	} {
		hash[name] = value
	}

	got, err := DecodeJob(hash)

	require.NoError(t, err)
	assert.Equal(t, everything(), got)
}
