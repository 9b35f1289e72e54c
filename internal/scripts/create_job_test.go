package scripts

import (
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

// creates runs CreateJob of job a in queue q, with changes to the usual.
func creates(want bool, change func(*Create)) func(*testing.T, *redis.Client) {
	return func(t *testing.T, rdb *redis.Client) {
		p := Create{ID: "a", Queue: "q", Target: "rq:queue:q", Where: Back, Fields: []any{"status", "queued", "data", []byte("x")}}
		change(&p)
		got, err := CreateJob(t.Context(), rdb, p)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func TestCreateJob(t *testing.T) {
	t.Parallel()
	saved := "hash data=x status=queued"
	play(t, []scene{
		{
			name: "at the back", before: []string{"RPUSH rq:queue:q b"}, act: creates(true, func(*Create) {}),
			want: keyspace{"rq:job:a": saved, "rq:queue:q": "list b a", "rq:queues": "set rq:queue:q"},
		},
		{
			name: "at the front", before: []string{"RPUSH rq:queue:q b", "SADD rq:queues rq:queue:q"},
			act:  creates(true, func(p *Create) { p.Where = Front }),
			want: keyspace{"rq:job:a": saved, "rq:queue:q": "list a b"},
		},
		{
			name: "nowhere", act: creates(true, func(p *Create) { p.Where = Nowhere }),
			want: keyspace{"rq:job:a": saved, "rq:queues": "set rq:queue:q"},
		},
		{
			name: "scheduled", act: creates(true, func(p *Create) { p.Where, p.Target = "1893553445", "rq:scheduled:q" }),
			want: keyspace{"rq:job:a": saved, "rq:scheduled:q": "zset a=1893553445", "rq:queues": "set rq:queue:q"},
		},
		{
			name: "scheduled before 1970", act: creates(true, func(p *Create) { p.Where, p.Target = "-7", "rq:scheduled:q" }),
			want: keyspace{"rq:job:a": saved, "rq:scheduled:q": "zset a=-7", "rq:queues": "set rq:queue:q"},
		},
		{
			name: "with a ttl", act: creates(true, func(p *Create) { p.TTL = 77 }),
			want: keyspace{"rq:job:a": saved + " ttl 77", "rq:queue:q": "list a", "rq:queues": "set rq:queue:q"},
		},
		{
			name: "with a negative ttl", act: creates(true, func(p *Create) { p.TTL = -1 }),
			want: keyspace{"rq:job:a": saved, "rq:queue:q": "list a", "rq:queues": "set rq:queue:q"},
		},
		{
			name: "in a group", before: []string{"SADD rq:group:g b"}, act: creates(true, func(p *Create) { p.Group = "g" }),
			want: keyspace{
				"rq:job:a": saved, "rq:queue:q": "list a", "rq:queues": "set rq:queue:q",
				"rq:group:g": "set a b", "rq:groups": "set g",
			},
		},
		{
			name: "the job exists", before: []string{"HSET rq:job:a status finished"},
			act: creates(false, func(p *Create) { p.Group, p.TTL = "g", 9 }),
		},
		{
			name: "the key is not even a job", before: []string{"SET rq:job:a x"}, act: creates(false, func(*Create) {}),
		},
	})
}

// TestNoJobIsSavedThatIsNowhere: a shared key of the wrong type fails the script
// before the job is there.
func TestNoJobIsSavedThatIsNowhere(t *testing.T) {
	t.Parallel()
	fails := func(change func(*Create)) func(*testing.T, *redis.Client) {
		return func(t *testing.T, rdb *redis.Client) {
			p := Create{ID: "a", Queue: "q", Target: "rq:queue:q", Where: Back, Fields: []any{"data", "x"}}
			change(&p)
			_, err := CreateJob(t.Context(), rdb, p)
			require.Error(t, err)
		}
	}
	queues := keyspace{"rq:queues": "set rq:queue:q"}
	play(t, []scene{
		{name: "queue", before: []string{"SET rq:queue:q x"}, act: fails(func(*Create) {}), want: queues},
		{
			name: "scheduled", before: []string{"SET rq:scheduled:q x"}, want: queues,
			act: fails(func(p *Create) { p.Where, p.Target = "5", "rq:scheduled:q" }),
		},
		{
			name: "score", want: queues,
			act: fails(func(p *Create) { p.Where, p.Target = "soon", "rq:scheduled:q" }),
		},
		{name: "queues", before: []string{"SET rq:queues x"}, act: fails(func(*Create) {})},
		{
			name: "groups", before: []string{"SET rq:group:g x"}, act: fails(func(p *Create) { p.Group = "g" }),
			want: queues,
		},
	})
}

func TestUpdateJob(t *testing.T) {
	t.Parallel()
	update := func(want bool) func(*testing.T, *redis.Client) {
		return func(t *testing.T, rdb *redis.Client) {
			got, err := UpdateJob(t.Context(), rdb, "a", "meta", []byte("\xff"), "status", "started")
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
	}
	play(t, []scene{
		{
			name: "there", before: []string{"HSET rq:job:a status queued data x", "EXPIRE rq:job:a 60"}, act: update(true),
			want: keyspace{"rq:job:a": "hash data=x meta=\xff status=started ttl 60"},
		},
		{name: "gone", act: update(false)},
		{
			name: "of the wrong type", before: []string{"SET rq:job:a x"},
			act: func(t *testing.T, rdb *redis.Client) {
				_, err := UpdateJob(t.Context(), rdb, "a", "meta", "x")
				require.ErrorContains(t, err, "WRONGTYPE")
			},
		},
	})
}
