package keys

// Releasing is a ZSET that RQ does not have. It has an entry for a job that ended or was
// canceled while more jobs waited for it than one script can look at: the job's status, a
// number, and its id, with colons in between. The score is when the entry is due, in Unix
// seconds. Those waiting jobs are the SET rq:releasing:<entry>.
const Releasing = "rq:releasing"
