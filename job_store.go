package rq

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redisx"
	"github.com/rqgo/rq/internal/scripts"
	"github.com/rqgo/rq/internal/wire"
)

// A FetchOption is an option of FetchJob: WithSerializer or Fleet.
type FetchOption interface {
	applyFetch(*Job) error
}

// FetchJob returns the job with this id, or ErrNoSuchJob. If there is none and the id has
// the form job:execution, it returns that job. A job with fields or arguments that cannot
// be read is returned all the same: see Malformed and Call. Arguments are decoded on
// first use (rq/job.py Job.fetch).
func FetchJob(ctx context.Context, rdb redis.UniversalClient, id string, opts ...FetchOption) (*Job, error) {
	j := &Job{id: id, rdb: rdb, serializer: Pickle{}, ownsID: true}
	for _, o := range opts {
		if o == nil {
			continue
		}
		if err := o.applyFetch(j); err != nil {
			return nil, err
		}
	}
	err := j.Refresh(ctx)
	if job := jobIDOf(id); job != id && errors.Is(err, ErrNoSuchJob) {
		j.id = job
		err = j.Refresh(ctx)
	}
	if err != nil {
		return nil, err
	}
	return j, nil
}

// FetchJobs returns the jobs with these ids, in order, with nil for each that does not
// exist. One round trip reads at most a thousand ids or some megabytes. Ids of the form
// job:execution are read as by FetchJob, which takes further round trips (rq/job.py
// Job.fetch_many). For a serializer other than Pickle use Queue.FetchJobs.
func FetchJobs(ctx context.Context, rdb redis.UniversalClient, ids ...string) ([]*Job, error) {
	return fetchJobs(ctx, rdb, Pickle{}, nil, ids)
}

func fetchJobs(ctx context.Context, rdb redis.UniversalClient, ser Serializer, fleet release, ids []string) ([]*Job, error) {
	jobs, err := fetchExactly(ctx, rdb, ser, fleet, ids)
	if err != nil {
		return nil, err
	}
	var entries []string
	var at []int // where their jobs go
	for i, id := range ids {
		if job := jobIDOf(id); jobs[i] == nil && job != id {
			entries, at = append(entries, job), append(at, i)
		}
	}
	of, err := fetchExactly(ctx, rdb, ser, fleet, entries)
	if err != nil {
		return nil, err
	}
	for n, i := range at {
		jobs[i] = of[n]
	}
	return jobs, nil
}

// fetchExactly returns the jobs with these ids, whatever an id looks like.
func fetchExactly(ctx context.Context, rdb redis.UniversalClient, ser Serializer, fleet release, ids []string) ([]*Job, error) {
	jobs := make([]*Job, len(ids))
	key := func(i int) string { return keys.Job(ids[i]) }
	err := readHashes(ctx, rdb, len(ids), key, func(i int, hash map[string]string) {
		j := &Job{id: ids[i], rdb: rdb, serializer: ser, fleet: fleet, ownsID: true}
		if j.restore(hash) == nil {
			jobs[i] = j
		}
	})
	if err != nil {
		return nil, wrapf(err, "fetch %d jobs", len(ids))
	}
	return jobs, nil
}

// JobExists reports whether FetchJob would find a job with this id (rq/job.py
// Job.exists).
func JobExists(ctx context.Context, rdb redis.UniversalClient, id string) (bool, error) {
	n, err := rdb.Exists(ctx, keys.Job(id), keys.Job(jobIDOf(id))).Result()
	return n > 0, wrapf(err, "find job %s", id)
}

// Refresh reads the job again (rq/job.py Job.refresh). It returns ErrNoSuchJob when the
// job is gone. After an error the job is unchanged.
func (j *Job) Refresh(ctx context.Context) error {
	hash, err := j.rdb.HGetAll(ctx, keys.Job(j.id)).Result()
	if err != nil && !isForeign(err) {
		return wrapf(err, "fetch job %s", j.id)
	}
	return j.restore(hash)
}

func (j *Job) restore(hash map[string]string) error {
	rec, err := wire.DecodeJob(hash)
	if rec == nil {
		return noSuchJob(j.id)
	}
	j.rec, j.malformed, j.call = *rec, err, nil
	j.readMeta()
	return nil
}

// unreadableMeta is the key that RQ uses for meta that it cannot read.
const unreadableMeta = "unserialized"

// readMeta sets Meta from the stored bytes.
func (j *Job) readMeta() {
	j.Meta, j.meta, j.metaKind = map[string]any{}, nil, nil
	if len(j.rec.Meta) == 0 {
		return
	}
	v, err := loads(j.serializer, j.id, "meta", j.rec.Meta)
	dict, ok := asDict(v)
	if err != nil || !ok {
		raw := slices.Clone(j.rec.Meta)
		j.Meta[unreadableMeta] = raw
		j.meta, _ = NewDict(Item{Key: unreadableMeta, Value: raw}) // text is hashable
		return
	}
	j.meta, j.metaKind = dict, v
	for k, v := range dict.All() {
		if name, ok := k.(string); ok {
			j.Meta[name] = v
		}
	}
}

// encodeMeta returns Meta as it is stored. Keys that were read keep their order, and
// those that are not text are kept. New keys follow in sorted order.
func (j *Job) encodeMeta() ([]byte, error) {
	if len(j.Meta) == 0 && j.meta.Len() == 0 {
		return nil, nil
	}
	if raw, ok := j.Meta[unreadableMeta].([]byte); ok && len(raw) > 0 && len(j.Meta) == 1 && string(raw) == string(j.rec.Meta) {
		return raw, nil // it is as it was read
	}
	merged := new(Dict)
	for k, v := range j.meta.All() {
		if name, ok := k.(string); ok {
			if v, ok = j.Meta[name]; !ok {
				continue
			}
		}
		_ = merged.Set(k, v) // it was a key before
	}
	for _, name := range slices.Sorted(maps.Keys(j.Meta)) {
		_ = merged.Set(name, j.Meta[name])
	}
	if merged.Len() == 0 {
		return nil, nil
	}
	switch kind := j.metaKind.(type) {
	case *OrderedDict:
		return dumps(j.serializer, "meta", &OrderedDict{Dict: *merged})
	case *DefaultDict:
		return dumps(j.serializer, "meta", &DefaultDict{Dict: *merged, Factory: kind.Factory})
	}
	return dumps(j.serializer, "meta", merged)
}

// Save writes all fields of the job and overwrites those in Redis (rq/job.py Job.save).
// Fields that could not be read are left as they are. To change Meta of a job that may
// be running, use SaveMeta. It returns a *SerializeError when the serializer cannot
// write Meta.
func (j *Job) Save(ctx context.Context) error {
	meta, err := j.encodeMeta()
	if err != nil {
		return err
	}
	j.rec.Meta = meta
	rec := j.rec
	if rec.Status == "" || Status(rec.Status) == StatusCreated {
		rec.Status = j.fleet.createdStatus()
		j.rec.Status = string(StatusCreated)
	}
	return wrapf(j.rdb.HSet(ctx, keys.Job(j.id), without(rec.Fields(), j.malformed)...).Err(), "save job %s", j.id)
}

// without drops the fields that could not be read, because writing them would lose
// their values.
func without(fields []any, malformed error) []any {
	for _, f := range malformedFields(malformed) {
		for i := 0; i < len(fields); i += 2 {
			if fields[i] == f.Field {
				fields = slices.Delete(fields, i, i+2)
				break
			}
		}
	}
	return fields
}

// SaveMeta writes Meta and no other field (rq/job.py Job.save_meta). It returns
// ErrNoSuchJob when the job is not in Redis, where RQ creates a hash with meta only, and
// a *SerializeError when the serializer cannot write Meta.
func (j *Job) SaveMeta(ctx context.Context) error {
	meta, err := j.encodeMeta()
	if err != nil {
		return err
	}
	if meta == nil { // an empty dict is stored as one
		if meta, err = dumps(j.serializer, "meta", new(Dict)); err != nil {
			return err
		}
	}
	exists, err := scripts.UpdateJob(ctx, j.rdb, j.id, "meta", meta)
	if err != nil {
		return wrapf(err, "save meta of job %s", j.id)
	}
	if !exists {
		return noSuchJob(j.id)
	}
	j.rec.Meta = meta
	return nil
}

// GetMeta reads Meta and no other field from Redis, stores it in the job and returns it
// (rq/job.py Job.get_meta). It is empty when the job has none, or does not exist.
func (j *Job) GetMeta(ctx context.Context) (map[string]any, error) {
	raw, err := j.rdb.HGet(ctx, keys.Job(j.id), "meta").Bytes()
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil, wrapf(err, "fetch meta of job %s", j.id)
	}
	j.rec.Meta = raw
	j.readMeta()
	return j.Meta, nil
}

// GetStatus reads the status and no other field from Redis, stores it in the job and
// returns it (rq/job.py Job.get_status). It returns ErrNoSuchJob when the job is gone.
func (j *Job) GetStatus(ctx context.Context) (Status, error) {
	pipe := j.rdb.Pipeline()
	status, data := pipe.HGet(ctx, keys.Job(j.id), "status"), pipe.HExists(ctx, keys.Job(j.id), "data")
	if err := redisx.Exec(ctx, pipe); err != nil && !isForeign(err) {
		return "", wrapf(err, "fetch status of job %s", j.id)
	}
	if status.Val() == "" && !data.Val() {
		return "", noSuchJob(j.id)
	}
	j.rec.Status = cmp.Or(status.Val(), string(StatusCreated)) // RQ before 2.4.1 stores none then
	return j.Status(), nil
}

// Position returns the number of ids ahead of the job in its queue, and false when it is
// not in the queue (rq/job.py Job.get_position).
func (j *Job) Position(ctx context.Context) (int, bool, error) {
	return position(ctx, j.rdb, j.rec.Origin, j.id)
}

// DependentIDs returns the ids of the jobs that wait for this job, in no particular order.
func (j *Job) DependentIDs(ctx context.Context) ([]string, error) {
	var ids []string
	seen := map[string]bool{} // a scan may return an id twice
	pages := j.rdb.SScan(ctx, keys.Dependents(j.id), 0, "", memberChunk).Iterator()
	for pages.Next(ctx) {
		if id := pages.Val(); !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	if err := pages.Err(); err != nil {
		return nil, wrapf(err, "fetch dependents of job %s", j.id)
	}
	return ids, nil
}

func position(ctx context.Context, rdb redis.UniversalClient, queue, id string) (int, bool, error) {
	n, err := rdb.LPos(ctx, keys.Queue(queue), id, redis.LPosArgs{}).Result()
	if errors.Is(err, redis.Nil) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, wrapf(err, "find job %s in queue %s", id, queue)
	}
	return int(n), true, nil
}
