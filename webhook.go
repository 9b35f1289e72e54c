package rq

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/rqgo/rq/internal/py"
	"github.com/rqgo/rq/internal/pyjson"
	"github.com/rqgo/rq/internal/wire"
)

// A Webhook is an HTTP request that is sent when the job has ended, by the process that
// ran it (rq/webhook.py Webhook). A job can have several.
type Webhook struct {
	// URL is the http or https address.
	URL string
	// JobStatus is the outcome for which it is sent: StatusFinished or StatusFailed.
	JobStatus Status
	// Method is GET or POST. Default GET.
	Method string
	// Headers are added to the request. Default none.
	Headers map[string]string
	// Timeout limits the request, in whole seconds. Default 10 s.
	Timeout time.Duration
}

func (w Webhook) apply(s *settings) {
	if w.Method == "" {
		w.Method = "GET"
	}
	if w.Timeout == 0 {
		w.Timeout = 10 * time.Second
	}
	u, err := url.Parse(w.URL)
	switch {
	case err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "":
		s.refuse("webhook", w.URL, "must be an http or https URL")
	case w.JobStatus != StatusFinished && w.JobStatus != StatusFailed:
		s.refuse("webhook status", string(w.JobStatus), "must be finished or failed")
	case w.Method != "GET" && w.Method != "POST":
		s.refuse("webhook method", w.Method, "must be GET or POST")
	case w.Timeout < time.Second:
		s.refuse("webhook timeout", w.Timeout, "must be a second or more")
	}
	for name, value := range w.Headers {
		if !utf8.ValidString(name) || !utf8.ValidString(value) {
			s.refuse("webhook header", name, "must be UTF-8")
		}
	}
	s.webhooks = append(s.webhooks, w)
}
func (Webhook) forEnqueue() {}
func (Webhook) forPrepare() {}
func (Webhook) forCreate()  {}

func (w Webhook) wire() wire.Webhook {
	return wire.Webhook{URL: w.URL, JobStatus: string(w.JobStatus), Method: w.Method, Headers: w.Headers, Timeout: w.Timeout}
}

// webhookClient follows redirects as Python's urllib does. It uses each connection
// once, so that no connection outlives its request.
var webhookClient = &http.Client{
	Transport: &http.Transport{
		Proxy:             http.ProxyFromEnvironment,
		DisableKeepAlives: true,
	},
	CheckRedirect: followWebhook,
}

// maxRedirects is how many redirects urllib follows.
const maxRedirects = 10

// sendWebhooks sends the job's webhooks for a status, one after the other (rq/job.py
// Job.send_webhooks). Failures are only logged: a job's outcome does not depend on its
// webhooks.
func (j *Job) sendWebhooks(ctx context.Context, log *slog.Logger, status Status, exc string) {
	for _, r := range j.webhookRequests(log, status, exc) {
		if err := r.send(ctx); err != nil {
			log.WarnContext(ctx, "rq: send webhook", "job", j.id, "error", err)
		}
	}
}

// A webhookRequest is a webhook to be sent. It does not keep the job in memory.
type webhookRequest struct {
	*http.Request
	body    []byte
	timeout time.Duration
}

// send sends one request (rq/webhook.py Webhook.send). As in RQ the body of the
// response is not read, and a status other than 2xx is an error.
func (r webhookRequest) send(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	req := r.WithContext(ctx)
	if r.body != nil {
		req.Body = io.NopCloser(bytes.NewReader(r.body))
	}
	return wrapf(doWebhook(req), "%s", r)
}

// String returns the method and the URL, without passwords.
func (r webhookRequest) String() string { return r.Method + " " + r.URL.Redacted() }

// webhookRequests returns the requests for a status. A webhook that cannot be sent is logged.
func (j *Job) webhookRequests(log *slog.Logger, status Status, exc string) []webhookRequest {
	var list []webhookRequest
	for _, w := range j.rec.Webhooks {
		if w.JobStatus != string(status) {
			continue
		}
		r, err := j.webhookRequest(w, exc)
		if err != nil {
			log.Warn("rq: send webhook", "job", j.id, "error", err)
			continue
		}
		list = append(list, *r)
	}
	return list
}

func doWebhook(req *http.Request) error {
	resp, err := webhookClient.Do(req)
	var at *url.Error
	if errors.As(err, &at) {
		return at.Err // its URL is the target of a redirect, without the host
	}
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return errors.New("HTTP status " + resp.Status)
	}
	return nil
}

func (j *Job) webhookRequest(w wire.Webhook, exc string) (*webhookRequest, error) {
	r := &webhookRequest{timeout: w.Timeout}
	var err error
	if w.Method == http.MethodPost {
		if r.body, err = j.webhookPayload(w, exc); err != nil {
			return nil, err
		}
	}
	req, err := http.NewRequest(w.Method, w.URL, bytes.NewReader(r.body)) //nolint:noctx // send sets it
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "rq (Go)")
	req.Header.Set("Accept-Encoding", "identity") // nobody reads the response
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	r.Request = req
	return r, wrapf(setWebhookHeaders(req, w.Headers), "%s %s", w.Method, req.URL.Redacted())
}

// setWebhookHeaders sets the user's headers, which override ours. It sets them in the
// order of their names, in case two differ only in case.
func setWebhookHeaders(req *http.Request, headers map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		value, err := latin1(name, headers[name])
		if err != nil {
			return err
		}
		req.Header.Set(name, value)
	}
	if host := req.Header.Get("Host"); host != "" {
		req.Host = host // net/http ignores this header
	}
	return nil
}

// latin1 encodes the value of a header as Python's http.client does.
func latin1(name, value string) (string, error) {
	b := make([]byte, 0, len(value))
	for _, r := range value {
		if r > 0xff {
			return "", &InvalidError{"webhook header " + name, value, "must be Latin-1"}
		}
		b = append(b, byte(r))
	}
	return string(b), nil
}

// webhookPayload returns the body of a POST (rq/webhook.py Webhook.get_payload). As in
// RQ, a job whose call cannot be read has none.
func (j *Job) webhookPayload(w wire.Webhook, exc string) ([]byte, error) {
	name, err := j.FuncName()
	if err != nil {
		return nil, err
	}
	items := []py.Item{
		{Key: "job_id", Value: j.id},
		{Key: "func_name", Value: name},
		{Key: "status", Value: w.JobStatus},
		{Key: "enqueued_at", Value: isoformat(j.rec.EnqueuedAt)},
		{Key: "ended_at", Value: isoformat(j.rec.EndedAt)},
	}
	if w.JobStatus == string(StatusFailed) {
		items = append(items, py.Item{Key: "exc_info", Value: exc})
	}
	payload, err := py.NewDict(items...)
	if err != nil {
		return nil, err
	}
	return pyjson.Append(nil, payload)
}

// isoformat returns t as Python's datetime.isoformat does, which leaves out a
// fraction of 0, and nil for the zero time.
func isoformat(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Microsecond)
	if t.Nanosecond() == 0 {
		return t.Format("2006-01-02T15:04:05+00:00")
	}
	return t.Format("2006-01-02T15:04:05.000000+00:00")
}

// followWebhook makes net/http follow redirects like urllib: a POST becomes a GET or is
// not redirected at all, and no request has a Referer.
func followWebhook(req *http.Request, via []*http.Request) error {
	if req.Method == http.MethodPost { // the status was 307 or 308
		return http.ErrUseLastResponse
	}
	if len(via) > maxRedirects {
		return errors.New("too many redirects")
	}
	req.Header.Del("Content-Type")
	req.Header.Del("Referer") // it could reveal a secret URL
	return nil
}
