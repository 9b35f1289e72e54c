// Command rq is RQ's command line in Go, in one binary that needs no Python. It shows
// queues, jobs and workers of either language, and enqueues, requeues, empties and
// suspends as RQ's own does.
package main

import "github.com/rqgo/rq/rqcli"

func main() { rqcli.Execute(nil) }
