package interop

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/rqgo/rq/internal/redistest"
	"github.com/rqgo/rq/rqcli"
)

// A commandLine is what is behind "rq enqueue", for Python's and for Go's.
type commandLine struct {
	name   string
	before string // Python that sets up both databases
	args   []string
	// refused is what both say of a line that is not understood; "" is for one that is.
	refused string
}

// everyLiteral is a Python literal of every type, in which no text comes twice.
const everyLiteral = `%[1, -2, 0xff, 1_000, -9223372036854775808, 123456789012345678901, 1.5, -1e300, 1e999, 2j, 1-2.5j, "it's é\n\x00\ud83d",
 b'\xff' rb"\d", '', b'', None, True, False, (), (1,), (1, (2,)), [], {}, {'k': {5: (6.0,)}}, set(), {7}, {1, 2, 3}, {(8, 'l'): [None]}, ...]`

const everyJSON = `:[1, -2, 123456789012345678901, 1.5, -1e300, 1e999, "it's é\n\u0000\ud83d", "", null, true, false, [], {}, {"k": {"l": [6.0]}}, NaN, -Infinity]`

// commandLines give each flag and each form of an argument at least once. In those
// with @, {dir} has the files that commandFiles names.
var commandLines = []commandLine{
	{name: "a function", args: []string{"tasks.nothing"}},
	{name: "a random id", args: []string{"tasks.add", "1", "2"}},
	{name: "text", args: []string{"tasks.echo", "a b", "", "=", "=x", "é😀", "'", "it's", `"`, "http://x", "a@b", "-", "--job-id", "j"}},
	{name: "keywords", args: []string{"tasks.echo", "b=2", "a=", "c==", "é=é", "d:e=:1", "f:g:=1", "--job-id", "j"}},
	{name: "keywords in JSON and literals", args: []string{"tasks.echo", `z:={"a": [1.0]}`, "y%=(1, 'x')", "a:b%=1", "a%b:=2", "x:=null", "--job-id", "j"}},
	{name: "keywords that are options", args: []string{"tasks.echo", "ttl=1", "timeout:=2", "description=what", "--job-id", "j"}},
	{name: "arguments and keywords", args: []string{"tasks.add", ":1", "b:=2", "%3", "--job-id", "j"}},
	{name: "JSON", args: []string{"tasks.echo", everyJSON, ":1", `:"x"`, ":  null ", "--job-id", "j"}},
	{name: "literals", args: []string{"tasks.echo", everyLiteral, "%1", "%'x'", "% None", "%1,", "%(\n1 # one\n)", "--job-id", "j"}},
	{name: "one argument", args: []string{"tasks.echo", "%((((1,),),),)", "--job-id", "j"}},
	{name: "long arguments", args: []string{"tasks.echo", strings.Repeat("x", 300), "k=" + strings.Repeat("y", 80), "--job-id", "j"}},
	{name: "text that comes twice", args: []string{"tasks.echo", "%['abc', 'abc']", "--job-id", "j"}},
	{name: "files", args: []string{
		"tasks.echo", "@{dir}/text", ":@{dir}/json", "%@{dir}/literal", "t=@{dir}/text2", "j:=@{dir}/json", "l%=@{dir}/literal", "--job-id", "j",
	}},
	{name: "queue", args: []string{"--queue", "with space", "tasks.nothing", "--job-id", "j"}},
	{name: "short queue", args: []string{"-qhigh", "tasks.nothing", "--job-id", "j"}},
	{name: "timeout", args: []string{"tasks.nothing", "--timeout", "2h", "--job-id", "j"}},
	{name: "no timeout", args: []string{"tasks.nothing", "--timeout", "-1", "--job-id", "j"}},
	{name: "result ttl", args: []string{"tasks.nothing", "--result-ttl", " 1_0 ", "--job-id", "j"}},
	{name: "results for ever", args: []string{"tasks.nothing", "--result-ttl=-1", "--job-id", "j"}},
	{name: "ttl", args: []string{"tasks.nothing", "--ttl", "5M", "--job-id", "j"}},
	{name: "failure ttl", args: []string{"tasks.nothing", "--failure-ttl", "0", "--job-id", "j"}},
	{name: "description", args: []string{"tasks.add", "1", "--description", "adds ☃", "--job-id", "j"}},
	{name: "no description", args: []string{"tasks.add", "1", "--description", "", "--job-id", "j"}},
	{name: "depends on", before: `q.enqueue('tasks.nothing', job_id='x'); q.enqueue('tasks.nothing', job_id='y')`, args: []string{
		"tasks.nothing", "--depends-on", "x", "--depends-on", "y", "--job-id", "j",
	}},
	{name: "depends on what has finished", before: `q.enqueue('tasks.nothing', job_id='x'); work()`, args: []string{"tasks.nothing", "--depends-on", "x", "--job-id", "j"}},
	{name: "at the front", before: `q.enqueue('tasks.nothing', job_id='x')`, args: []string{"tasks.nothing", "--at-front", "--job-id", "j"}},
	{name: "retry", args: []string{"tasks.fail", "--retry-max", "3", "--job-id", "j"}},
	{name: "retry after times", args: []string{"tasks.fail", "--retry-max", "010", "--retry-interval", "10", "--retry-interval", "20", "--job-id", "j"}},
	{name: "no retry", args: []string{"tasks.fail", "--retry-max", "-1", "--retry-interval", "-10", "--job-id", "j"}},
	{name: "in a time", args: []string{"tasks.add", "1", "--schedule-in", "1h", "--job-id", "j"}},
	{name: "in the past", args: []string{"tasks.add", "1", "--schedule-in", "-5", "--job-id", "j"}},
	{name: "at a time", args: []string{"tasks.add", "1", "--schedule-at", "2041-05-27T21:45:00", "--job-id", "j"}},
	{name: "at a time in few digits", args: []string{"tasks.add", "1", "--schedule-at", "2041-5-7T1:4:0", "--job-id", "j", "-q", "low"}},
	{name: "scheduled at the front", args: []string{"tasks.add", "1", "--schedule-at", "2041-05-27T21:45:00", "--at-front", "--job-id", "j"}},
	{name: "scheduled with the rest", before: `q.enqueue('tasks.nothing', job_id='x')`, args: []string{
		"tasks.fail", "--schedule-in", "90", "--retry-max", "1", "--depends-on", "x", "--timeout", "7", "--result-ttl", "8", "--failure-ttl", "9",
		"--description", "d", "--job-id", "j",
	}},
	{name: "quiet", args: []string{"tasks.nothing", "--quiet", "--job-id", "j"}},
	{name: "the JSON serializer", args: []string{"-S", "rq.serializers.JSONSerializer", "tasks.echo", "é", `k:=[1, null, {"a": 1.5}]`, "--job-id", "j"}},
	{name: "flags everywhere", args: []string{"--ttl", "5", "tasks.echo", "--timeout=6", "a", "-q", "q", "k=v", "--job-id", "j", "b"}},
	{name: "dashes", args: []string{"--job-id", "j", "tasks.echo", "a", "--", "-1", "--ttl", "-q", "--", ":-1"}},
	{name: "dashes first", args: []string{"--job-id", "j", "--", "tasks.echo", "-1"}},
	{name: "twice", args: []string{"--job-id", "i", "tasks.nothing", "--ttl", "5", "--ttl", "6", "--job-id", "j"}},

	{name: "no function", args: []string{"--job-id", "j"}, refused: "FUNCTION"},
	{name: "a flag that is not there", args: []string{"tasks.nothing", "--nothing"}, refused: "--nothing"},
	{name: "a negative number", args: []string{"tasks.nothing", "-1"}, refused: "-1"},
	{name: "no JSON", args: []string{"tasks.nothing", "k=v", "a", ":[1"}, refused: "2. non keyword argument"},
	{name: "no JSON for a keyword", args: []string{"tasks.nothing", "key:='a'"}, refused: "key"},
	{name: "no literal", args: []string{"tasks.nothing", "%a"}, refused: "1. non keyword argument"},
	{name: "no literal for a keyword", args: []string{"tasks.nothing", "key%=1+1"}, refused: "key"},
	{name: "a keyword twice", args: []string{"tasks.nothing", "key=1", "key%=2"}, refused: "keyword"},
	{name: "no file", args: []string{"tasks.nothing", "@{dir}/none"}, refused: "none"},
	{name: "a file without JSON", args: []string{"tasks.nothing", ":@{dir}/text"}, refused: "JSON"},
	{name: "two times", args: []string{"tasks.nothing", "--schedule-in", "1", "--schedule-at", "2041-05-27T21:45:00"}, refused: "--schedule-at"},
	{name: "a time with a zone", args: []string{"tasks.nothing", "--schedule-at", "2041-05-27T21:45:00Z"}, refused: "Z"},
	{name: "no timeout format", args: []string{"tasks.nothing", "--timeout", "1w"}, refused: "imeout"},
	{name: "a timeout of nothing", args: []string{"tasks.nothing", "--timeout", "0"}, refused: "timeout"},
	{name: "a ttl of nothing", args: []string{"tasks.nothing", "--ttl", "0"}, refused: "ttl"},
	{name: "no number of retries", args: []string{"tasks.nothing", "--retry-max", "x"}, refused: "--retry-max"},
	{name: "two intervals in one", args: []string{"tasks.nothing", "--retry-interval", "1,2"}, refused: "--retry-interval"},
	{name: "a negative interval", args: []string{"tasks.nothing", "--retry-max", "1", "--retry-interval", "-1"}, refused: "negative"},
}

var commandFiles = map[string]string{
	"text": "one\r\ntwo\n", "text2": " zwei ☃", "json": "\n{\"a\": [1, null]}\n", "literal": "# a dict\n{'a':\n (1,)}\n",
}

func TestEnqueueCommand(t *testing.T) {
	dir := t.TempDir()
	for name, text := range commandFiles {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	eachLab(t, []string{oneServer}, func(t *testing.T, version string, s server) {
		for _, line := range commandLines {
			var args []string
			for _, a := range line.args {
				args = append(args, strings.ReplaceAll(a, "{dir}", dir))
			}
			line.args = args
			t.Run(line.name, func(t *testing.T) { line.compare(t, newEnv(t, version, s), newEnv(t, version, s)) })
		}
	})
	lab.scenarios.Add(int64(len(commandLines)))
}

// compare runs the line on both sides: they must say the same and leave the same.
func (l commandLine) compare(t *testing.T, python, golang *env) {
	t.Helper()
	lab.runs.Add(1)
	var theirs, ours saying
	sc := scenario{name: "rq enqueue: " + l.name, before: l.before}
	want := run(t, sc, python, func(context.Context, *env) (err error) {
		theirs, err = l.inPython(python)
		return err
	})
	got := run(t, sc, golang, func(ctx context.Context, e *env) error {
		ours = l.inGo(ctx, e)
		return nil
	})
	found, compared := diff(want, got)
	lab.comparisons.Add(int64(compared))
	for _, d := range unexpected(sc.name, python.version, found, deviations) {
		t.Error(d)
	}
	if theirs.refused || ours.refused {
		equal(t, "refused", ours.refused, theirs.refused)
		for _, s := range []saying{theirs, ours} {
			if !strings.Contains(s.text, l.refused) {
				t.Errorf("it does not say %q: %s", l.refused, s.text)
			}
		}
		return
	}
	equal(t, "what is said", ours, theirs)
}

// A saying is what a command printed, in parts.
type saying struct {
	refused  bool
	call, id string
	text     string // all of it, if it has no parts
}

var hasEnqueued = regexp.MustCompile(`(?s)^Enqueued (.*) with job-id '(.*)'\.\n$`)

func sayingOf(text string) saying {
	m := hasEnqueued.FindStringSubmatch(text)
	if m == nil {
		return saying{text: text}
	}
	if uuid.Validate(m[2]) == nil {
		m[2] = "<random>"
	}
	return saying{call: m[1], id: m[2]}
}

func (l commandLine) inPython(e *env) (saying, error) {
	args, err := json.Marshal(l.args)
	if err != nil {
		return saying{}, err
	}
	var text string
	if err := e.py.call(map[string]string{"op": "eval", "code": "cli('enqueue', *" + string(args) + ")"}, &text); err != nil {
		return saying{}, err
	}
	if out, ok := strings.CutSuffix(text, "exit 0"); ok {
		return sayingOf(out), nil
	}
	return saying{refused: true, text: text}, nil
}

// inGo has Go write for the RQ version of the lab.
func (l commandLine) inGo(ctx context.Context, e *env) saying {
	root := rqcli.New(nil)
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&out)
	root.SetArgs(append([]string{"enqueue", "--url", redistest.URL(e.db), "--fleet", e.version}, l.args...))
	if err := root.ExecuteContext(ctx); err != nil {
		return saying{refused: true, text: err.Error()}
	}
	return sayingOf(out.String())
}
