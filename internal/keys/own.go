package keys

// Releasing is a ZSET that RQ does not have. An entry is for a job that has ended, or was
// canceled, while more jobs waited for it than one script can look at: what has become
// of it, a number, and its id, with colons in between. The score is when somebody has
// to go on with it, in Unix seconds. Those jobs are the SET rq:releasing:<entry>.
const Releasing = "rq:releasing"
