package scripts

import (
	"context"
	_ "embed" // for the script
	"slices"

	"github.com/redis/go-redis/v9"
)

//go:embed check_permissions.lua
var checkPermissionsLua string

var checkPermissions = redis.NewScript(checkPermissionsLua)

// Work are the commands that a worker needs to run jobs, and Clean those that it also
// needs for maintenance and the scheduler. Since Redis 7, commands that scripts run
// need permission too. A test compares them with the scripts.
var (
	Work = []string{
		"blmove", "del", "eval", "evalsha", "exec", "exists", "expire", "hdel", "hexists", "hget", "hgetall", "hkeys", "hmget",
		"hset", "hsetnx", "hstrlen", "lpush", "llen", "lrange", "lrem", "lset", "ltrim", "multi", "persist", "pexpire", "pttl", "rename", "rpush",
		"sadd", "scard", "script", "smembers", "srandmember", "srem", "time", "type", "unlink", "xadd", "zadd", "zcard", "zcount",
		"zpopmin", "zrange", "zrem", "zscore",
	}
	Clean = []string{"get", "lpop", "rpop", "set", "sismember", "sscan", "zrangebyscore", "zremrangebyrank"}
)

// CheckPermissions runs check_permissions.lua. It returns the commands that the user of
// the connection may not run. Before Redis 7 it returns none.
func CheckPermissions(ctx context.Context, c redis.Scripter, commands ...string) ([]string, error) {
	refused, err := checkPermissions.Run(ctx, c, nil, anys(commands)...).StringSlice()
	slices.Sort(refused)
	return refused, err
}
