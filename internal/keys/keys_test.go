package keys

import (
	"bufio"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// makers are the functions and constants of this package by their names.
var makers = map[string]any{
	"Queues": Queues, "Workers": Workers, "Suspended": Suspended, "Groups": Groups,
	"GroupsCleaning": GroupsCleaning, "CronSchedulers": CronSchedulers, "CronJobNames": CronJobNames,
	"RateLimits": RateLimits, "QueuePrefix": QueuePrefix, "JobPrefix": JobPrefix,

	"Queue": Queue, "QueueName": QueueName, "Intermediate": Intermediate, "FirstSeen": FirstSeen,
	"Compact": Compact, "QueueWorkers": QueueWorkers, "CleaningLock": CleaningLock, "SchedulerLock": SchedulerLock,

	"Job": Job, "Dependents": Dependents, "Dependencies": Dependencies,
	"Results": Results, "Executions": Executions, "Execution": Execution,

	"Started": Started, "Finished": Finished, "Failed": Failed, "Deferred": Deferred,
	"Scheduled": Scheduled, "Canceled": Canceled, "Ready": Ready,

	"Worker": Worker, "WorkerExecutions": WorkerExecutions, "Commands": Commands, "Scheduler": Scheduler,
	"CronScheduler": CronScheduler, "CronJobs": CronJobs, "Group": Group,
	"RateLimit": RateLimit, "RateLimitAllowed": RateLimitAllowed, "RateLimitWaiting": RateLimitWaiting,
}

// call makes a key with the maker of that name.
func call(t *testing.T, name string, args []string) string {
	t.Helper()
	v := reflect.ValueOf(makers[name])
	require.True(t, v.IsValid(), "there is no %s", name)
	if v.Kind() == reflect.String {
		require.Empty(t, args, name)
		return v.String()
	}
	require.Equal(t, v.Type().NumIn(), len(args), name)
	in := make([]reflect.Value, len(args))
	for i, a := range args {
		in[i] = reflect.ValueOf(a)
	}
	return v.Call(in)[0].String()
}

func TestKeysAreThoseOfRQ(t *testing.T) {
	t.Parallel()
	file, err := os.Open("../../testdata/keys/keys.txt")
	require.NoError(t, err)
	defer file.Close()

	unlisted := maps.Clone(makers)
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		row := strings.Split(lines.Text(), "\t")
		name, args, want := row[0], row[1:len(row)-1], row[len(row)-1]
		delete(unlisted, name)
		assert.Equal(t, want, call(t, name, args), "%s(%s)", name, strings.Join(args, ", "))
	}
	require.NoError(t, lines.Err())
	assert.Empty(t, slices.Sorted(maps.Keys(unlisted)), "RQ was not asked for these")
}

func TestEveryExportedNameIsCompared(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "keys.go", nil, parser.ParseComments)
	require.NoError(t, err)
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			assert.Contains(t, makers, d.Name.Name)
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if values, ok := spec.(*ast.ValueSpec); ok {
					for _, name := range values.Names {
						assert.Contains(t, makers, name.Name)
					}
				}
			}
		}
	}
}

func TestQueueName(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]string{
		"rq:queue:default": "default", "rq:queue:": "", "rq:queue:a:b": "a:b", "rq:queue:rq:queue:x": "rq:queue:x",
	} {
		got, ok := QueueName(key)
		assert.True(t, ok, key)
		assert.Equal(t, want, got)
		assert.Equal(t, key, Queue(got))
	}
	for _, key := range []string{"", "rq:queue", "default", "rq:queues", "xrq:queue:a", "RQ:queue:a", "rq:worker:a"} {
		_, ok := QueueName(key)
		assert.False(t, ok, key)
	}
}
