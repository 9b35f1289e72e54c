// Command benchmarks compares rq with what it is measured against: Python RQ,
// on the same Redis, and asynq. `make bench-peers` runs it.
//
// All sides work on one private redis-server over TCP, in turns, and what counts
// is the ratio of the medians: the machine's own speed and its noise are in
// both. It is a module of its own, so that rq does not depend on asynq.
package main
