package rq

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/redistest"
	"github.com/rqgo/rq/internal/wire"
)

// A hookServer notes the requests it gets. /status/N answers N, which
// redirects to /end, /loop/N redirects to /loop/N+1, and /hang does not answer.
type hookServer struct {
	*httptest.Server
	mu   sync.Mutex
	seen []hookRequest
}

type hookRequest struct {
	line, host, body string
	header           http.Header
}

func newHookServer(t *testing.T) *hookServer {
	t.Helper()
	s := new(hookServer)
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *hookServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	s.seen = append(s.seen, hookRequest{r.Method + " " + r.RequestURI, r.Host, string(body), r.Header})
	s.mu.Unlock()
	switch _, kind, _ := strings.Cut(r.URL.Path, "/"); {
	case kind == "hang":
		<-r.Context().Done()
	case strings.HasPrefix(kind, "loop/"):
		n, _ := strconv.Atoi(strings.TrimPrefix(kind, "loop/"))
		http.Redirect(w, r, fmt.Sprintf("/loop/%d", n+1), http.StatusFound)
	case strings.HasPrefix(kind, "status/"):
		code, _ := strconv.Atoi(strings.TrimPrefix(kind, "status/"))
		w.Header().Set("Location", "/end")
		w.WriteHeader(code)
	}
}

func (s *hookServer) requests() []hookRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen
}

func (s *hookServer) lines() []string {
	var lines []string
	for _, r := range s.requests() {
		lines = append(lines, r.line)
	}
	return lines
}

// hook returns a webhook for a path on the server.
func (s *hookServer) hook(method, path string, status Status) wire.Webhook {
	return wire.Webhook{URL: s.URL + path, JobStatus: string(status), Method: method, Timeout: 10 * time.Second}
}

func hookedJob(t *testing.T, hooks ...wire.Webhook) *Job {
	t.Helper()
	j, err := CreateJob(redistest.New(t), Call("tasks.ü"), JobID("j"))
	require.NoError(t, err)
	j.rec.Webhooks = hooks
	j.rec.EnqueuedAt = time.Date(2026, 1, 2, 3, 4, 5, 60_999, time.UTC)
	return j
}

func TestWebhookRequests(t *testing.T) {
	t.Parallel()
	s := newHookServer(t)
	j := hookedJob(t,
		s.hook("POST", "/a?b=c", StatusFinished), s.hook("GET", "/b", StatusFailed),
		s.hook("GET", "/c", StatusFinished), s.hook("POST", "/d", StatusFailed))
	j.rec.EndedAt = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

	j.sendWebhooks(t.Context(), slog.Default(), StatusFinished, "")
	j.sendWebhooks(t.Context(), slog.Default(), StatusStopped, "")

	got := s.requests()
	require.Equal(t, []string{"POST /a?b=c", "GET /c"}, s.lines())
	assert.Equal(t, `{"job_id": "j", "func_name": "tasks.\u00fc", "status": "finished", `+
		`"enqueued_at": "2026-01-02T03:04:05.000060+00:00", "ended_at": "2026-01-02T03:04:05+00:00"}`, got[0].body)
	assert.Empty(t, got[1].body)
	assert.Equal(t, http.Header{
		"Content-Type": {"application/json"}, "Content-Length": {strconv.Itoa(len(got[0].body))},
		"User-Agent": {"rq (Go)"}, "Accept-Encoding": {"identity"}, "Connection": {"close"},
	}, got[0].header)
	assert.Equal(t, http.Header{
		"User-Agent": {"rq (Go)"}, "Accept-Encoding": {"identity"}, "Connection": {"close"},
	}, got[1].header)
}

func TestWebhookOfAFailure(t *testing.T) {
	t.Parallel()
	s := newHookServer(t)
	j := hookedJob(t, s.hook("POST", "/", StatusFailed))

	j.sendWebhooks(t.Context(), slog.Default(), StatusFailed, "Traceback\n\"no\"\n")

	require.Len(t, s.requests(), 1)
	assert.Equal(t, `{"job_id": "j", "func_name": "tasks.\u00fc", "status": "failed", "enqueued_at": `+
		`"2026-01-02T03:04:05.000060+00:00", "ended_at": null, "exc_info": "Traceback\n\"no\"\n"}`, s.requests()[0].body)
}

func TestWebhookHeaders(t *testing.T) {
	t.Parallel()
	s := newHookServer(t)
	w := s.hook("POST", "/", StatusFinished)
	w.Headers = map[string]string{"content-type": "text/plain", "host": "h", "user-AGENT": "u", "X-T": "ü", "x-t": "é"}

	hookedJob(t, w).sendWebhooks(t.Context(), slog.Default(), StatusFinished, "")

	require.Len(t, s.requests(), 1)
	got := s.requests()[0]
	assert.Equal(t, "h", got.host)
	assert.Equal(t, []string{"text/plain"}, got.header["Content-Type"])
	assert.Equal(t, []string{"u"}, got.header["User-Agent"])
	assert.Equal(t, []string{"\xe9"}, got.header["X-T"])
}

func TestWebhookRedirects(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		method string
		codes  []int
		want   []string // requests after the first
	}{
		{"GET", []int{301, 302, 303, 307, 308}, []string{"GET /end"}},
		{"POST", []int{301, 302, 303}, []string{"GET /end"}},
	} {
		for _, code := range c.codes {
			s := newHookServer(t)
			path := fmt.Sprintf("/status/%d", code)
			w := s.hook(c.method, path, StatusFinished)
			w.Headers = map[string]string{"Authorization": "a", "Content-Type": "c"}

			hookedJob(t, w).sendWebhooks(t.Context(), slog.Default(), StatusFinished, "")

			require.Equal(t, append([]string{c.method + " " + path}, c.want...), s.lines())
			assert.Equal(t, http.Header{
				"Authorization": {"a"}, "User-Agent": {"rq (Go)"}, "Accept-Encoding": {"identity"}, "Connection": {"close"},
			}, s.requests()[1].header)
		}
	}
}

// TestWebhookFailuresAreLogged is not parallel: the default logger is everybody's.
func TestWebhookFailuresAreLogged(t *testing.T) {
	s := newHookServer(t)
	gone := httptest.NewServer(nil)
	gone.Close()
	slow := s.hook("GET", "/hang", StatusFailed)
	slow.Timeout = 50 * time.Millisecond
	header := func(name, value string) wire.Webhook {
		w := s.hook("GET", "/header", StatusFailed)
		w.Headers = map[string]string{name: value}
		return w
	}
	for _, c := range []struct {
		name string
		hook wire.Webhook
		want string
		sent int
	}{
		{"status", s.hook("POST", "/status/500", StatusFailed), "500 Internal Server Error", 1},
		{"not modified", s.hook("GET", "/status/304", StatusFailed), "304 Not Modified", 1},
		{"POST 307", s.hook("POST", "/status/307", StatusFailed), "307 Temporary Redirect", 1},
		{"POST 308", s.hook("POST", "/status/308", StatusFailed), "308 Permanent Redirect", 1},
		{"loop", s.hook("GET", "/loop/0", StatusFailed), "too many redirects", 11},
		{"timeout", slow, "deadline exceeded", 1},
		{"unreachable", wire.Webhook{URL: gone.URL, JobStatus: "failed", Method: "GET", Timeout: time.Second}, "connection refused", 0},
		{"URL", wire.Webhook{URL: "http://h:x", JobStatus: "failed", Method: "GET", Timeout: time.Second}, "invalid port", 0},
		{"not Latin-1", header("A", "☃"), "must be Latin-1", 0},
		{"newline", header("A", "a\nB: c"), "invalid header field value", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			logged, before := captureLog(t), len(s.requests())
			after := s.hook("GET", "/next", StatusFailed)

			hookedJob(t, c.hook, after).sendWebhooks(t.Context(), slog.Default(), StatusFailed, "")

			assert.Contains(t, logged.String(), `level=WARN msg="rq: send webhook" job=j error=`)
			assert.Contains(t, logged.String(), c.want)
			assert.Contains(t, logged.String(), c.hook.URL)
			lines := s.lines()
			assert.Len(t, lines, before+c.sent+1)
			assert.Equal(t, "GET /next", lines[len(lines)-1])
		})
	}
}

func TestWebhookLogHidesPasswords(t *testing.T) {
	s, logged := newHookServer(t), captureLog(t)
	w := s.hook("GET", "/status/500", StatusFailed)
	w.URL = strings.Replace(w.URL, "//", "//user:secret@", 1)

	hookedJob(t, w).sendWebhooks(t.Context(), slog.Default(), StatusFailed, "")

	assert.Contains(t, logged.String(), "user:xxxxx@")
	assert.NotContains(t, logged.String(), "secret")
}

// TestWebhookOfAnUnreadableJob: only the body of a POST needs the call.
func TestWebhookOfAnUnreadableJob(t *testing.T) {
	s, logged := newHookServer(t), captureLog(t)
	j := hookedJob(t, s.hook("POST", "/post", StatusFailed), s.hook("GET", "/get", StatusFailed))
	j.call, j.rec.Data = nil, []byte("?")

	j.sendWebhooks(t.Context(), slog.Default(), StatusFailed, "")

	assert.Equal(t, []string{"GET /get"}, s.lines())
	assert.Contains(t, logged.String(), "level=WARN")
}

// captureLog returns what the default logger writes during the test.
func captureLog(t *testing.T) *bytes.Buffer {
	t.Helper()
	logger, out, flags := slog.Default(), log.Writer(), log.Flags()
	t.Cleanup(func() {
		slog.SetDefault(logger)
		log.SetOutput(out) // SetDefault took the old package over
		log.SetFlags(flags)
	})
	var b bytes.Buffer
	slog.SetDefault(slog.New(slog.NewTextHandler(&b, nil)))
	return &b
}
