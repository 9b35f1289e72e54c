// Command rq is RQ's command line in Go: one binary that needs no Python. It looks
// at queues, jobs and workers of either language, and requeues, empties, suspends
// and enqueues as RQ's own does.
package main

import "github.com/rqgo/rq/rqcli"

func main() { rqcli.Execute(nil) }
