// Package rq speaks the Redis schema of Python RQ (Redis Queue) byte for byte,
// so that Go and Python share queues: either side enqueues, either side reads
// results, and RQ's own tools cannot tell the difference.
package rq
