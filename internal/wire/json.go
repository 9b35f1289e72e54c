package wire

import (
	"encoding/json"
	"fmt"
	"math"
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

// parseWebhooks returns nil for text that is not a list of webhooks.
func parseWebhooks(text string) []Webhook {
	var raw []struct {
		URL       *string           `json:"url"`
		JobStatus *string           `json:"job_status"`
		Method    string            `json:"method"`
		Headers   map[string]string `json:"headers"`
		Timeout   *float64          `json:"timeout"`
	}
	if json.Unmarshal([]byte(text), &raw) != nil {
		return nil
	}
	hooks := make([]Webhook, 0, len(raw))
	for _, h := range raw {
		if h.URL == nil || h.JobStatus == nil {
			return nil
		}
		hook := Webhook{URL: *h.URL, JobStatus: *h.JobStatus, Method: h.Method, Headers: h.Headers, Timeout: 10 * time.Second}
		if hook.Method == "" {
			hook.Method = "GET"
		}
		if h.Timeout != nil {
			hook.Timeout = time.Duration(*h.Timeout * float64(time.Second))
		}
		hooks = append(hooks, hook)
	}
	return hooks
}

func formatStrings(list []string) string { return mustJSON(list) }

func formatInts(list []int) string {
	b := []byte{'['}
	for i, n := range list {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = strconv.AppendInt(b, int64(n), 10)
	}
	return string(append(b, ']'))
}

// parseInts reads a JSON list of numbers. Fractions are dropped: RQ takes a
// float where it says int, and waits for the whole seconds.
func parseInts(text string) ([]int, error) {
	var floats []float64
	if err := json.Unmarshal([]byte(text), &floats); err != nil {
		return nil, fmt.Errorf("%q is not a JSON list of numbers", text)
	}
	ints := make([]int, 0, len(floats))
	for _, f := range floats {
		if math.Abs(f) > 1<<53 {
			return nil, fmt.Errorf("%q holds a number that is too large", text)
		}
		ints = append(ints, int(f))
	}
	return ints, nil
}

func parseFloat(s string) (float64, error) { return strconv.ParseFloat(s, 64) }

func dictOf(items ...py.Item) *py.Dict {
	d, err := py.NewDict(items...)
	if err != nil {
		panic(err) // string keys are hashable
	}
	return d
}

// mustJSON encodes what was validated as text before it came here.
func mustJSON(v any) string {
	b, err := pyjson.Append(nil, v)
	if err != nil {
		panic(fmt.Sprintf("encode %T as JSON: %v", v, err))
	}
	return string(b)
}
