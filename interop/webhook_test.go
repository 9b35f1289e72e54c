package interop

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rqgo/rq"
)

// hooks are the webhooks of a job, each sent for both statuses. The numbers
// are what the server answers; those that redirect go to /end.
var hooks = []struct{ method, path string }{
	{"GET", "/200?a=b&c"},
	{"POST", "/200"},
	{"GET", "/307"},
	{"POST", "/301"},
	{"POST", "/302"},
	{"POST", "/303"},
	{"POST", "/307"},
	{"GET", "/304"},
	{"POST", "/500"},
	{"GET", "/loop/"},
}

// TestWebhooks compares the requests that a queue sends for jobs that run in
// the caller. What differs between the languages is the name of the client and
// the traceback.
func TestWebhooks(t *testing.T) {
	eachLab(t, []string{"valkey8"}, func(t *testing.T, version string, s server) {
		if !between(version, "2.10", "") {
			return // no webhooks yet
		}
		e := newEnv(t, version, s)
		for _, c := range []struct {
			status rq.Status
			python string
			call   rq.FuncCall
		}{
			{rq.StatusFinished, "'tasks.add', 1, b=2", add},
			{rq.StatusFailed, "'tasks.fail', 'no'", rq.Call("tasks.fail", "no")},
		} {
			want, got := newHookServer(t), newHookServer(t)
			e.py.exec(t, pythonHooks(want.URL, c.python))
			j, err := e.queue(rq.Sync(runHere)).Enqueue(t.Context(), c.call, goHooks(got.URL)...)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "status", j.Status(), c.status)
			if len(want.requests()) < len(hooks) {
				t.Fatalf("Python sent %d requests only", len(want.requests()))
			}
			equal(t, string(c.status), strings.Join(got.requests(), "\n"), strings.Join(want.requests(), "\n"))
		}
	})
}

// pythonHooks enqueues a call with the hooks. Proxies are not for this machine.
func pythonHooks(url, call string) string {
	var b strings.Builder
	b.WriteString("import os\nfrom rq.webhook import Webhook\nos.environ['no_proxy'] = '*'\n")
	fmt.Fprintf(&b, "Queue(connection=connection, is_async=False).enqueue(%s, job_id='j', webhooks=[\n", call)
	for _, h := range hooks {
		for _, status := range []string{"failed", "finished"} {
			fmt.Fprintf(&b, "  Webhook('%s%s', '%s', method='%s', headers={'x-token': 'ü'}, timeout=5),\n", url, h.path, status, h.method)
		}
	}
	return b.String() + "])"
}

func goHooks(url string) []rq.EnqueueOption {
	opts := []rq.EnqueueOption{rq.JobID("j")}
	for _, h := range hooks {
		for _, status := range []rq.Status{rq.StatusFailed, rq.StatusFinished} {
			opts = append(opts, rq.Webhook{
				URL: url + h.path, JobStatus: status, Method: h.method, Headers: map[string]string{"x-token": "ü"},
			})
		}
	}
	return opts
}

// A hookServer writes down the requests it gets, with times and tracebacks
// made alike.
type hookServer struct {
	*httptest.Server
	mu   sync.Mutex
	seen []string
}

func newHookServer(t *testing.T) *hookServer {
	t.Helper()
	s := new(hookServer)
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *hookServer) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

var (
	isoTime   = regexp.MustCompile(`"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?\+00:00"`)
	traceback = regexp.MustCompile(`"Traceback \(most recent call last\):\\n(?:[^"\\]|\\.)*: no\\n"`)
)

func (s *hookServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	body := traceback.ReplaceAllString(isoTime.ReplaceAllString(string(raw), `"T"`), `"traceback"`)
	r.Header.Del("User-Agent")
	r.Header.Del("Content-Length") // net/http checked it; tracebacks differ
	s.mu.Lock()
	s.seen = append(s.seen, fmt.Sprintf("%s %s %q %s", r.Method, r.RequestURI, r.Header, body))
	s.mu.Unlock()
	if strings.HasPrefix(r.URL.Path, "/loop/") {
		http.Redirect(w, r, r.URL.Path+"x", http.StatusFound)
		return
	}
	if code, err := strconv.Atoi(r.URL.Path[1:]); err == nil {
		w.Header().Set("Location", "/end")
		w.WriteHeader(code)
	}
}
