package wire

import "time"

func ptr[T any](v T) *T { return &v }

func day(micro int) time.Time { return time.Date(2026, 11, 23, 10, 14, 47, micro*1000, time.UTC) }

// everything is the case of that name in testdata/wire/cases.py, with the
// fields that it cannot have by itself.
func everything() *Job {
	return &Job{
		Status:    "finished",
		CreatedAt: day(926798),
		Data: []byte("\x80\x05\x95\x1e\x00\x00\x00\x00\x00\x00\x00(\x8c\x09tasks.add\x94NK\x01\x85\x94}" +
			"\x94\x8c\x01y\x94K\x02st\x94."),
		SuccessCallback:        "tasks.ok",
		FailureCallback:        "tasks.fail",
		StoppedCallback:        "tasks.stop",
		StartedAt:              day(1_238635),
		EndedAt:                day(1_238939),
		LastHeartbeat:          day(1_238940),
		WorkerName:             "w1",
		GroupID:                "g",
		NumberOfRetries:        ptr(10),
		RetriesLeft:            ptr(5),
		RetryIntervals:         []int{6, 7},
		EnqueueAtFrontOnRetry:  true,
		Origin:                 "default",
		Description:            "d",
		EnqueuedAt:             day(927499),
		RepeatsLeft:            ptr(11),
		RepeatIntervals:        []int{12},
		RateLimitKey:           "k",
		RateLimitConcurrency:   9,
		Result:                 []byte("\x80\x05K\x04."),
		ExcInfo:                ptr("e"),
		Timeout:                ptr(8),
		SuccessCallbackTimeout: ptr(5),
		FailureCallbackTimeout: ptr(60),
		StoppedCallbackTimeout: ptr(7),
		Webhooks: []Webhook{
			{URL: "http://h/", JobStatus: "failed", Method: "POST", Headers: map[string]string{"a": "b"}, Timeout: 13 * time.Second},
		},
		ResultTTL:               ptr(1),
		FailureTTL:              ptr(2),
		DependencyIDs:           []string{"a", "b"},
		Meta:                    []byte("\x80\x05\x95\x0a\x00\x00\x00\x00\x00\x00\x00}\x94\x8c\x01m\x94K\x01s."),
		TTL:                     ptr(3),
		AllowDependencyFailures: ptr(true),
		EnqueueAtFront:          ptr(false),
	}
}
