package rq

// DependsOn makes the job wait until the jobs with these ids have finished. A job
// that does not exist counts as finished. Without ids it has no effect.
func DependsOn(ids ...string) JobOption {
	return jobOption(func(s *settings) { s.addDependencies(ids) })
}

// A Dependency is DependsOn with conditions. The conditions apply to all dependencies
// of the job (rq/job.py Dependency).
type Dependency struct {
	// IDs are the ids of the jobs to wait for, one or more.
	IDs []string
	// AllowFailure lets the job run even if one of these jobs has failed. Default
	// false.
	AllowFailure bool
	// EnqueueAtFront puts the job at the front of its queue once its dependencies are
	// met. Default false.
	EnqueueAtFront bool
}

func (d Dependency) apply(s *settings) {
	if len(d.IDs) == 0 {
		s.refuse("dependency", "", "must name a job")
	}
	s.addDependencies(d.IDs)
	s.dependency = true
	s.allowFailure = s.allowFailure || d.AllowFailure
	s.depFront = s.depFront || d.EnqueueAtFront
}

func (Dependency) forEnqueue() {}

func (Dependency) forPrepare() {}

func (Dependency) forCreate() {}

func (s *settings) addDependencies(ids []string) {
	for _, id := range ids {
		if err := validateJobID(id); err != nil {
			s.fail(err)
		}
	}
	s.dependsOn = append(s.dependsOn, ids...)
}
