package rqcli

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq"
)

// A snapshot is the data of one refresh.
type snapshot struct {
	at        time.Time
	suspended bool
	queues    []queueData
	workers   []workerData
	running   []seenJob // the longest running first
	failed    []seenJob // the newest first
}

// seenJob is a job in a snapshot.
type seenJob struct {
	id, function, queue string
	worker, failure     string // whichever applies
	at                  time.Time
}

// How many jobs a snapshot holds at most: more than a screen can show.
const (
	runningSeen = 300
	failedSeen  = 100
)

// look takes a snapshot.
func look(ctx context.Context, rdb *redis.Client, opts ...rq.QueueOption) (*snapshot, error) {
	s := &snapshot{at: time.Now()}
	queues, err := rq.AllQueues(ctx, rdb, opts...)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(queues, func(a, b *rq.Queue) int { return strings.Compare(a.Name(), b.Name()) })
	names := make([]string, len(queues))
	for i, q := range queues {
		names[i] = q.Name()
	}
	infos, err := rq.QueueInfos(ctx, rdb, names...)
	if err != nil {
		return nil, err
	}
	workers, err := rq.Workers(ctx, rdb)
	if err != nil {
		return nil, err
	}
	for _, w := range workers {
		s.workers = append(s.workers, dataOfWorker(w))
	}
	if s.suspended, err = rq.IsSuspended(ctx, rdb); err != nil {
		return nil, err
	}
	for i, info := range infos {
		s.queues = append(s.queues, dataOfQueue(info))
		if err := s.addRunning(ctx, queues[i], info); err != nil {
			return nil, err
		}
	}
	if err := s.addFailed(ctx, rdb, queues, infos); err != nil {
		return nil, err
	}
	slices.SortStableFunc(s.running, func(a, b seenJob) int { return a.at.Compare(b.at) })
	slices.SortStableFunc(s.failed, func(a, b seenJob) int { return b.at.Compare(a.at) })
	return s, nil
}

// addRunning reads the running jobs of a queue.
func (s *snapshot) addRunning(ctx context.Context, q *rq.Queue, info rq.QueueInfo) error {
	left := runningSeen - len(s.running)
	if info.Started == 0 || left <= 0 {
		return nil
	}
	ids, err := q.Started().JobIDs(ctx, 0, left)
	if err != nil {
		return err
	}
	jobs, err := q.FetchJobs(ctx, ids...)
	for _, j := range jobs {
		if j != nil {
			s.running = append(s.running, seenJob{id: j.ID(), function: functionOf(j), queue: q.Name(), worker: j.WorkerName(), at: j.StartedAt()})
		}
	}
	return err
}

// addFailed reads the jobs of all queues that failed last. It takes those that expire
// last, so that few jobs are read: most have the same failure TTL.
func (s *snapshot) addFailed(ctx context.Context, rdb *redis.Client, queues []*rq.Queue, infos []rq.QueueInfo) error {
	type entry struct {
		rq.RegistryEntry
		queue *rq.Queue
	}
	var last []entry
	for i, q := range queues {
		if infos[i].Failed == 0 {
			continue
		}
		found, err := q.Failed().Range(ctx, 0, failedSeen, rq.LatestFirst())
		if err != nil {
			return err
		}
		for _, e := range found {
			last = append(last, entry{e, q})
		}
		slices.SortStableFunc(last, func(a, b entry) int { return b.Time.Compare(a.Time) })
		last = last[:min(len(last), failedSeen)]
	}
	ids := map[*rq.Queue][]string{}
	for _, e := range last {
		ids[e.queue] = append(ids[e.queue], e.JobID)
	}
	for _, q := range queues {
		if err := s.addFailedOf(ctx, rdb, q, ids[q]); err != nil {
			return err
		}
	}
	return nil
}

// addFailedOf reads failed jobs of a queue.
func (s *snapshot) addFailedOf(ctx context.Context, rdb *redis.Client, q *rq.Queue, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	jobs, err := q.FetchJobs(ctx, ids...)
	if err != nil {
		return err
	}
	jobs = slices.DeleteFunc(jobs, func(j *rq.Job) bool { return j == nil })
	results, err := rq.LatestResults(ctx, rdb, jobs...)
	if err != nil {
		return err
	}
	for i, j := range jobs {
		f := seenJob{id: j.ID(), function: functionOf(j), queue: q.Name(), at: j.EndedAt(), failure: "?"}
		if r := results[i]; r != nil {
			exception, message := lastException(r.ExcInfo)
			f.failure = exception + withColon(message)
		}
		if j.IsStopped() {
			f.failure = "stopped"
		}
		s.failed = append(s.failed, f)
	}
	return nil
}

func functionOf(j *rq.Job) string {
	name, err := j.FuncName()
	if err != nil {
		return "?"
	}
	return cmp.Or(name, "?")
}

// rates returns how many jobs finished and failed per second since an earlier snapshot,
// by the workers' counters.
func (s *snapshot) rates(before *snapshot) (finished, failed float64) {
	if before == nil {
		return 0, 0
	}
	old := map[string]workerData{}
	for _, w := range before.workers {
		old[w.Name] = w
	}
	seconds := s.at.Sub(before.at).Seconds()
	for _, w := range s.workers {
		was := old[w.Name]
		if was.Birth.Before(w.Birth) {
			was = workerData{} // another worker with the same name
		}
		finished += float64(w.Succeeded-was.Succeeded) / seconds
		failed += float64(w.Failed-was.Failed) / seconds
	}
	return finished, failed
}
