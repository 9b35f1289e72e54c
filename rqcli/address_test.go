package rqcli

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// variables is an environment.
type variables map[string]string

func (v variables) get(name string) string { return v[name] }

// A place is what of options says where Redis is.
type place struct {
	Network, Addr, Username, Password string
	DB                                int
	TLS                               bool
}

func placeOf(o *redis.Options) place {
	return place{o.Network, o.Addr, o.Username, o.Password, o.DB, o.TLSConfig != nil}
}

// The order is RQ's: what comes first wins.
func TestOptionsTakeTheFirstThatIsSet(t *testing.T) {
	t.Parallel()
	env := variables{
		"RQ_REDIS_URL": "redis://second", "RQ_CONFIG": "settings", "REDIS_URL": "redis://fourth",
		"REDIS_HOST": "fifth", "REDIS_PORT": "7000", "REDIS_DB": "5", "REDIS_PASSWORD": "p", "REDIS_SSL": "True",
	}
	flag := "redis://first"
	next := func() (place, error) {
		opts, err := options(flag, env.get)
		if err != nil {
			return place{}, err
		}
		return placeOf(opts), nil
	}

	got, err := next()
	require.NoError(t, err)
	assert.Equal(t, "first:6379", got.Addr)

	flag = ""
	got, err = next()
	require.NoError(t, err)
	assert.Equal(t, place{Network: "tcp", Addr: "second:6379"}, got)

	delete(env, "RQ_REDIS_URL")
	_, err = next()
	require.EqualError(t, err, `RQ_CONFIG is "settings": a Python module cannot be read here: use --url or RQ_REDIS_URL`)

	delete(env, "RQ_CONFIG")
	got, err = next()
	require.NoError(t, err)
	assert.Equal(t, "fourth:6379", got.Addr)

	delete(env, "REDIS_URL")
	got, err = next()
	require.NoError(t, err)
	assert.Equal(t, place{Addr: "fifth:7000", Password: "p", DB: 5, TLS: true}, got)

	clear(env)
	got, err = next()
	require.NoError(t, err)
	assert.Equal(t, place{Addr: "localhost:6379"}, got)
}

func TestOptionsOfVariables(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		env  variables
		want place
		err  string
	}{
		{"IPv6", variables{"REDIS_HOST": "::1"}, place{Addr: "[::1]:6379"}, ""},
		{"no TLS", variables{"REDIS_SSL": "No"}, place{Addr: "localhost:6379"}, ""},
		{"TLS", variables{"REDIS_SSL": "y"}, place{Addr: "localhost:6379", TLS: true}, ""},
		{"TLS or not", variables{"REDIS_SSL": "1"}, place{}, `REDIS_SSL is "1": must be True or False`},
		{"no port", variables{"REDIS_PORT": "65536"}, place{}, `REDIS_PORT is "65536": must be a port number`},
		{"no database", variables{"REDIS_DB": "zero"}, place{}, `REDIS_DB is "zero": must be a database number`},
		{"a negative database", variables{"REDIS_DB": "-1"}, place{}, `REDIS_DB is "-1": must be a database number`},
		{"TLS checks", variables{"REDIS_SSL": "t", "REDIS_SSL_CERT_REQS": "some"}, place{}, `REDIS_SSL: ssl_cert_reqs is "some": must be required or none`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			opts, err := options("", tt.env.get)
			if tt.err != "" {
				require.EqualError(t, err, tt.err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tt.want, placeOf(opts))
		})
	}
}

// The forms are those of redis-py.
func TestOptionsOfURLs(t *testing.T) {
	t.Parallel()
	tests := []struct {
		url  string
		want place
	}{
		{"redis://", place{Addr: "localhost:6379"}},
		{"redis://:6380", place{Addr: "localhost:6380"}},
		{"redis://host", place{Addr: "host:6379"}},
		{"redis://[::1]:7000/2", place{Addr: "[::1]:7000", DB: 2}},
		{"redis://host/2/", place{Addr: "host:6379", DB: 2}},
		{"redis://host?db=3", place{Addr: "host:6379", DB: 3}},
		{"redis://host/2?db=3", place{Addr: "host:6379", DB: 3}},
		{"redis://:pass@host", place{Addr: "host:6379", Password: "pass"}},
		{"redis://user:p%40%2F%25%3A%23@host", place{Addr: "host:6379", Username: "user", Password: "p@/%:#"}},
		{"redis://host?username=user&password=p%40ss", place{Addr: "host:6379", Username: "user", Password: "p@ss"}},
		{"redis://user:pass@host?username=other&password=wrong", place{Addr: "host:6379", Username: "user", Password: "pass"}},
		{"redis://host?protocol=2&client_name=me&max_connections=5&socket_keepalive=1&health_check_interval=30&retry_on_timeout=1", place{Addr: "host:6379"}},
		{"rediss://user:pass@host:6380/1", place{Addr: "host:6380", Username: "user", Password: "pass", DB: 1, TLS: true}},
		{"unix:///run/redis.sock", place{Network: "unix", Addr: "/run/redis.sock"}},
		{"unix://user:pass@/run/redis.sock?db=4", place{Network: "unix", Addr: "/run/redis.sock", Username: "user", Password: "pass", DB: 4}},
		{"unix:///run/redis.sock?password=pass", place{Network: "unix", Addr: "/run/redis.sock", Password: "pass"}},
		{"unix:///run/a@b.sock", place{Network: "unix", Addr: "/run/a@b.sock"}},
	}
	for _, tt := range tests {
		t.Run(tt.url, func(t *testing.T) {
			t.Parallel()
			opts, err := options(tt.url, variables{}.get)
			require.NoError(t, err)
			if tt.want.Network == "" {
				tt.want.Network = "tcp"
			}
			assert.Equal(t, tt.want, placeOf(opts))
			assert.Equal(t, patience, opts.DialTimeout)
		})
	}
}

func TestOptionsOfURLsHaveTimeouts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		url           string
		connect, read time.Duration
	}{
		{"redis://host?socket_timeout=1.5&socket_connect_timeout=0.25", time.Second / 4, 3 * time.Second / 2},
		{"redis://host?socket_connect_timeout=60", patience, 0},
		{"redis://host?dial_timeout=2s&read_timeout=9s", 2 * time.Second, 9 * time.Second},
	}
	for _, tt := range tests {
		opts, err := options(tt.url, variables{}.get)
		require.NoError(t, err, tt.url)
		assert.Equal(t, tt.connect, opts.DialTimeout, tt.url)
		assert.Equal(t, tt.read, opts.ReadTimeout, tt.url)
	}
}

// Each has a password in it, written as it should or not, which nobody is to read
// in an error.
func TestOptionsOfWrongURLs(t *testing.T) {
	t.Parallel()
	tests := []struct{ url, want string }{
		{"redis://u:secret@host:port", "is not a URL"},
		{"redis://u:sec%ret@host", "is not a URL"},
		{"redis://u:sec ret@host", "is not a URL"},
		{"redis://u:12/secret@host/0", "is not a URL"},
		{"redis://u:se/cret@host/0", "is not a URL"},
		{"redis://:12?secret@host", "is not a URL"},
		{"redis://:12#secret@host", "is not a URL"},
		{"redis://u:a@12/secret@host", "is not a URL"},
		{"redis://:12#secret", "is not a URL"},
		{":secret@host:6379", "is not a URL"},
		{"u:secret@host:6379", "must begin with redis://"},
		{"host:6379", "must begin with redis://"},
		{"host", "must begin with redis://"},
		{"http://u:secret@host", "must begin with redis://"},
		{"redis:u:secret@host", "must begin with redis://"},
		{"redis://u:secret@host/one", `invalid database number: "one"`},
		{"redis://u:secret@host/1/2", "invalid URL path: /1/2"},
		{"redis://u:secret@host/-1", "the database number is negative"},
		{"redis://u:secret@host?db=one", "invalid database number"},
		{"redis://u:secret@host?ssl_password=secret", "unexpected option: ssl_password"},
		{"redis://u:secret@host?ssl_ca_certs=/ca.pem", "unexpected option: ssl_ca_certs"},
		{"redis://u:secret@host?socket_timeout=soon", `socket_timeout is "soon": must be a number of seconds`},
		{"redis://u:secret@host?socket_connect_timeout=0", `socket_connect_timeout is "0": must be a number of seconds`},
		{"unix://u:secret@host", "empty unix socket path"},
		{"rediss://u:secret@host?ssl_cert_reqs=some", `ssl_cert_reqs is "some": must be required or none`},
	}
	for _, tt := range tests {
		t.Run(tt.url, func(t *testing.T) {
			t.Parallel()

			got := commandOf(t, nil, "resume", "--url", tt.url)

			assert.Equal(t, ExitUsage, got.Code)
			assert.Contains(t, got.Err, "--url")
			assert.Contains(t, got.Err, tt.want)
			assert.NotContains(t, got.Err, "secret")
			assert.NotContains(t, got.Err, "cret")
		})
	}
	_, err := options("", variables{"REDIS_URL": "redis://:sec%ret@host"}.get)
	require.ErrorContains(t, err, "REDIS_URL is not a URL")
}
