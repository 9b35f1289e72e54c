package interop

import (
	"errors"
	"testing"

	"github.com/rqgo/rq"
)

// everything is all that Python can enqueue: each type of value there and back,
// and each option.
const everything = `
for v in tasks.VALUES:
    q.enqueue('tasks.value', v, job_id='value-' + v)
    q.enqueue('tasks.echo', tasks.VALUES[v], job_id='echo-' + v, meta={'v': tasks.VALUES[v]}, description=v)
    q.enqueue(tasks.echo, v=tasks.VALUES[v], job_id='keyword-' + v, description=v)
` + anything + `
q.enqueue('tasks.nothing', job_id='later', depends_on=Dependency(['failed', 'plain'], allow_failure=True, enqueue_at_front=True))
q.enqueue('tasks.unserializable', job_id='odd')
`

// anything is what JSON can say.
const anything = `
q.enqueue('tasks.add', 1, b=2, job_id='plain', job_timeout='1h', description='desc \u2603', meta={'a': [1]}, at_front=True)
q.enqueue('tasks.add', 1, job_id='kept', result_ttl=-1, ttl=300)
q.enqueue('tasks.add', 1, job_id='gone', result_ttl=0)
q.enqueue('tasks.fail', 'no', job_id='failed', failure_ttl=-1)
q.enqueue('tasks.fail', 'no', job_id='gone-too', failure_ttl=0)
q.enqueue('tasks.fail', 'no', code=7, job_id='retried', retry=Retry(2))
q.enqueue('tasks.fail', 'no', job_id='postponed', retry=Retry(2, interval=[100, 200]))
q.enqueue('tasks.fail_times', 'test:n', 2, job_id='recovered', retry=Retry(5))
q.enqueue('tasks.div_by_zero', job_id='zero', on_failure=Callback('tasks.on_failure', timeout=5))
q.enqueue('tasks.add', 1, job_id='called', on_success=Callback('tasks.on_success'))
q.enqueue('tasks.add', 1, job_id='refused', on_success=Callback('tasks.broken_callback'))
q.enqueue('tasks.add', 1, job_id='waited', depends_on=['plain', 'kept'])
q.enqueue('tasks.add', 1, job_id='waits', depends_on='failed')
q.enqueue('tasks.progress', 3, job_id='progress', meta={'a': 1})
q.enqueue('tasks.add', c=1, job_id='wrong')
q.enqueue_in(timedelta(hours=1), 'tasks.add', 1, job_id='scheduled')
q.enqueue('tasks.add', 1, job_id='canceled').cancel()
if 'Group' in globals():
    Group.create(connection, name='g').enqueue_many(q, [Queue.prepare_data('tasks.add', (1,), job_id='member')])
if 'Webhook' in globals(): # from 2.10 on they do the same as in 3.0
    q.enqueue('tasks.add', 1, job_id='repeated', repeat=Repeat(2))
    q.enqueue('tasks.add', 1, job_id='repeats', repeat=Repeat(2, interval=100))
    q.enqueue('tasks.ask_again', times=2, max=3, job_id='asked')
`

// TestPythonReadsWhatGoDid has Go do, several jobs at once, all that Python can
// ask for. What Python's interface says of it then must be what it says after
// Python did the same.
func TestPythonReadsWhatGoDid(t *testing.T) {
	eachLab(t, []string{"redis7", oneServer}, func(t *testing.T, version string, s server) {
		for _, kind := range []struct {
			name, code string
			serializer rq.Serializer
		}{
			{"", everything, rq.Pickle{}},
			{"json", anything, rq.JSON{}},
		} {
			t.Run("serializer "+kind.name, func(t *testing.T) {
				python, golang := newEnv(t, version, s), newEnv(t, version, s)
				code := "q = Queue(connection=connection, serializer=" + pythonSerializer(kind.name) + ")" + kind.code
				python.py.exec(t, code)
				golang.py.exec(t, code)

				err := errors.Join(
					python.py.try("work(serializer="+pythonSerializer(kind.name)+")"),
					golang.burst(t.Context(), rq.WorkerConfig{Concurrency: 5, Serializer: kind.serializer}))
				if err != nil {
					t.Fatal(err)
				}
				lab.runs.Add(1)
				for _, d := range unexpected("work: read", version, readsDiffer(t, python, golang, kind.name), deviations) {
					t.Error(d)
				}
			})
		}
	})
	lab.scenarios.Add(2)
}

// readsDiffer returns what Python's interface says differently of two databases,
// each with one worker: the driver's reads().
func readsDiffer(t *testing.T, python, golang *env, serializer string) []difference {
	t.Helper()
	var want, got map[string]string
	call := "reads(serializer=" + pythonSerializer(serializer) + ")"
	python.py.eval(t, call, &want)
	golang.py.eval(t, call, &got)
	found, compared := diff(
		keyspace{keys: map[string]entry{"reads": {fields: want}}},
		keyspace{keys: map[string]entry{"reads": {fields: got}}})
	lab.comparisons.Add(int64(compared))
	return found
}
