package rqcli

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// options finds the address of Redis in the order of RQ (rq/cli/helpers.py,
// CliConfig.connection): the flag, RQ_REDIS_URL, the settings module, and the variables
// named like the settings. It allows one attempt to connect, for as long as patience,
// because a user is waiting.
func options(flag string, env func(string) string) (opts *redis.Options, err error) {
	switch {
	case flag != "":
		opts, err = parseURL("--url", flag)
	case env("RQ_REDIS_URL") != "":
		opts, err = parseURL("RQ_REDIS_URL", env("RQ_REDIS_URL"))
	case env("RQ_CONFIG") != "":
		err = fmt.Errorf("RQ_CONFIG is %q: a Python module cannot be read here: use --url or RQ_REDIS_URL", env("RQ_CONFIG"))
	case env("REDIS_URL") != "":
		opts, err = parseURL("REDIS_URL", env("REDIS_URL"))
	default:
		opts, err = parseVariables(env)
	}
	if err != nil {
		return nil, err
	}
	opts.MaxRetries, opts.DialerRetries, opts.ContextTimeoutEnabled = 1, 1, true
	if opts.DialTimeout <= 0 || opts.DialTimeout > patience {
		opts.DialTimeout = patience
	}
	return opts, nil
}

// parseVariables reads the variables that RQ reads when there is no URL
// (rq/cli/helpers.py, get_redis_from_config).
func parseVariables(env func(string) string) (*redis.Options, error) {
	host, port, db := cmp.Or(env("REDIS_HOST"), "localhost"), cmp.Or(env("REDIS_PORT"), "6379"), cmp.Or(env("REDIS_DB"), "0")
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return nil, fmt.Errorf("REDIS_PORT is %q: must be a port number", port)
	}
	n, err := strconv.Atoi(db)
	if err != nil || n < 0 {
		return nil, fmt.Errorf("REDIS_DB is %q: must be a database number", db)
	}
	opts := &redis.Options{Addr: net.JoinHostPort(host, port), Password: env("REDIS_PASSWORD"), DB: n}
	switch strings.ToLower(env("REDIS_SSL")) {
	case "", "n", "no", "f", "false":
		return opts, nil
	case "y", "yes", "t", "true":
	default:
		return nil, fmt.Errorf("REDIS_SSL is %q: must be True or False", env("REDIS_SSL"))
	}
	opts.TLSConfig, err = tlsConfig(host, func(name string) string {
		if name == "ssl_check_hostname" {
			return "" // RQ has no variable for it
		}
		return env("REDIS_" + strings.ToUpper(name))
	})
	if err != nil {
		return nil, fmt.Errorf("REDIS_SSL: %w", err)
	}
	return opts, nil
}

// The errors of a URL do not contain it or the parser's error, because either may
// contain a password.
var (
	errNoURL    = errors.New("is not a URL: it must look like redis://user:password@localhost:6379/0, with special characters in the password escaped: % is %25, / is %2F, ? is %3F, # is %23, @ is %40")
	errNoScheme = errors.New("must begin with redis://, rediss:// or unix://, as in redis://localhost:6379/0")
)

// parseURL parses a URL of redis-py (redis/connection.py, parse_url), whose parameters
// differ from go-redis's. Source names the flag or variable for errors.
func parseURL(source, address string) (*redis.Options, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s %w", source, errNoURL)
	case !slices.Contains([]string{"redis", "rediss", "unix"}, u.Scheme) || u.Opaque != "":
		return nil, fmt.Errorf("%s %w", source, errNoScheme)
	case misread(u):
		return nil, fmt.Errorf("%s %w", source, errNoURL)
	}
	return parseParameters(source, u)
}

// misread reports whether the URL was split inside a password with special characters:
// then the @ before the host is in the path, the query or the fragment.
func misread(u *url.URL) bool {
	for name := range u.Query() {
		if strings.Contains(name, "@") {
			return true
		}
	}
	return u.Fragment != "" || (u.Scheme != "unix" && strings.Contains(u.Path, "@"))
}

// pythonOnly are parameters about how redis-py keeps connections and decodes replies.
var pythonOnly = []string{
	"socket_keepalive", "retry_on_timeout", "retry_on_error", "max_connections", "health_check_interval",
	"timeout", "encoding", "encoding_errors", "decode_responses",
}

// parseParameters reads the parameters that redis-py names differently, and lets
// go-redis read the rest. It refuses unknown parameters, since one may be there to make
// the connection safe. It refuses a database that is not a number, which redis-py takes
// for 0.
func parseParameters(source string, u *url.URL) (*redis.Options, error) {
	query := u.Query()
	given := map[string]string{}
	ours := []string{"username", "password", "socket_timeout", "socket_connect_timeout"}
	if u.Scheme == "rediss" {
		ours = append(ours, tlsSettings...)
	}
	for _, name := range slices.Concat(ours, pythonOnly) {
		given[name] = query.Get(name)
		query.Del(name)
	}
	u.RawQuery = query.Encode()
	opts, err := redis.ParseURL(u.String())
	if err == nil && opts.DB < 0 {
		err = errors.New("the database number is negative")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %s: it must look like redis://localhost:6379/0", source, strings.TrimPrefix(err.Error(), "redis: "))
	}
	opts.Username, opts.Password = cmp.Or(opts.Username, given["username"]), cmp.Or(opts.Password, given["password"])
	for name, timeout := range map[string]*time.Duration{"socket_timeout": &opts.ReadTimeout, "socket_connect_timeout": &opts.DialTimeout} {
		if err := parseTimeout(given[name], timeout); err != nil {
			return nil, fmt.Errorf("%s: %s %w", source, name, err)
		}
	}
	if u.Scheme == "rediss" {
		if opts.TLSConfig, err = tlsConfig(opts.TLSConfig.ServerName, func(name string) string { return given[name] }); err != nil {
			return nil, fmt.Errorf("%s: %w", source, err)
		}
	}
	return opts, nil
}

// parseTimeout sets a timeout if one is given.
func parseTimeout(text string, timeout *time.Duration) error {
	if text == "" {
		return nil
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || seconds <= 0 {
		return fmt.Errorf("is %q: must be a number of seconds", text)
	}
	*timeout = time.Duration(seconds * float64(time.Second))
	return nil
}
