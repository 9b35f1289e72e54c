package wire

import (
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"strconv"
	"time"

	"github.com/rqgo/rq/internal/py"
	"github.com/rqgo/rq/internal/pyjson"
)

// A Webhook is one element of the field webhooks (rq/webhook.py, Webhook.to_dict).
type Webhook struct {
	URL       string
	JobStatus string
	Method    string
	Headers   map[string]string
	Timeout   time.Duration
}

func formatWebhooks(hooks []Webhook) string {
	list := make([]any, 0, len(hooks))
	for _, h := range hooks {
		list = append(list, dictOf(
			py.Item{Key: "url", Value: h.URL},
			py.Item{Key: "job_status", Value: h.JobStatus},
			py.Item{Key: "method", Value: h.Method},
			py.Item{Key: "headers", Value: headersOf(h.Headers)},
			py.Item{Key: "timeout", Value: int64(h.Timeout / time.Second)},
		))
	}
	return mustJSON(list)
}

func headersOf(headers map[string]string) any {
	if headers == nil {
		return nil
	}
	return headers
}

// parseWebhooks returns nil for text that is not a list of webhooks that RQ accepts: RQ
// ignores them all when one is bad.
func parseWebhooks(text string) []Webhook {
	var raw []struct {
		URL       string            `json:"url"`
		JobStatus string            `json:"job_status"`
		Method    *string           `json:"method"`
		Headers   map[string]string `json:"headers"`
		Timeout   *int64            `json:"timeout"`
	}
	if json.Unmarshal([]byte(text), &raw) != nil {
		return nil
	}
	hooks := make([]Webhook, 0, len(raw))
	for _, h := range raw {
		hook := Webhook{URL: h.URL, JobStatus: h.JobStatus, Method: "GET", Headers: h.Headers, Timeout: 10 * time.Second}
		if h.Method != nil {
			hook.Method = *h.Method
		}
		if h.Timeout != nil {
			hook.Timeout = time.Duration(min(*h.Timeout, maxSeconds)) * time.Second
		}
		if !hook.valid() {
			return nil
		}
		hooks = append(hooks, hook)
	}
	return hooks
}

// maxSeconds is the longest a Duration can be.
const maxSeconds = int64(math.MaxInt64 / time.Second)

func (h *Webhook) valid() bool {
	u, err := url.Parse(h.URL)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" &&
		(h.JobStatus == "finished" || h.JobStatus == "failed") &&
		(h.Method == "GET" || h.Method == "POST") && h.Timeout > 0
}

func formatStrings(list []string) string { return mustJSON(list) }

// FormatInts writes a list of numbers as json.dumps does.
func FormatInts(list []int) string {
	b := []byte{'['}
	for i, n := range list {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = strconv.AppendInt(b, int64(n), 10)
	}
	return string(append(b, ']'))
}

// longestExact is the largest number in JSON that every reader reads exactly.
const longestExact = 1 << 53

// parseInts reads a JSON list of numbers, or null. Fractions are dropped: RQ accepts a
// float where it documents an int, and waits whole seconds. Larger numbers become
// longestExact: no clock reaches either.
func parseInts(text string) ([]int, error) {
	var floats []float64
	if err := json.Unmarshal([]byte(text), &floats); err != nil {
		return nil, fmt.Errorf("%s is not a JSON list of numbers", quote(text))
	}
	if floats == nil {
		return nil, nil // null
	}
	ints := make([]int, 0, len(floats))
	for _, f := range floats {
		ints = append(ints, int(max(-longestExact, min(f, longestExact))))
	}
	return ints, nil
}

func dictOf(items ...py.Item) *py.Dict {
	d, err := py.NewDict(items...)
	if err != nil {
		panic(err) // string keys are hashable
	}
	return d
}

// mustJSON encodes values whose text was validated before.
func mustJSON(v any) string {
	b, err := pyjson.Append(nil, v)
	if err != nil {
		panic(fmt.Sprintf("encode %T as JSON: %v", v, err))
	}
	return string(b)
}
