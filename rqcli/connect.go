package rqcli

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq"
)

// connect returns the client that the flags and the environment name, once the
// server has answered.
func (a *app) connect(ctx context.Context) (*redis.Client, error) {
	if a.client != nil {
		return a.client, nil
	}
	opts, err := options(a.url, os.Getenv)
	if err != nil {
		return nil, usageError{err}
	}
	opts.DialTimeout, opts.MaxRetries = 5*time.Second, 1
	client := redis.NewClient(opts)
	if err := client.Ping(ctx).Err(); err != nil {
		_ = client.Close()
		return nil, explain(err, opts)
	}
	if info, err := client.InfoMap(ctx, "cluster").Result(); err == nil && info["Cluster"]["cluster_enabled"] == "1" {
		_ = client.Close()
		return nil, rq.ErrCluster
	}
	a.client = client
	return client, nil
}

func (a *app) close() {
	if a.client != nil {
		_ = a.client.Close()
		a.client = nil
	}
}

// queue returns the queue of that name, with the serializer of the flags unless
// the options name another.
func (a *app) queue(ctx context.Context, name string, opts ...rq.QueueOption) (*rq.Queue, error) {
	ser, err := a.serializerOf()
	if err != nil {
		return nil, err
	}
	rdb, err := a.connect(ctx)
	if err != nil {
		return nil, err
	}
	return rq.NewQueue(rdb, name, append([]rq.QueueOption{rq.WithSerializer(ser)}, opts...)...), nil
}

// serializerOf returns the serializer of the flag, whose names are RQ's.
func (a *app) serializerOf() (rq.Serializer, error) {
	switch a.serializer {
	case "", "pickle", "rq.serializers.DefaultSerializer", "rq.serializers.PickleSerializer":
		return rq.Pickle{}, nil
	case "json", "rq.serializers.JSONSerializer":
		return rq.JSON{}, nil
	}
	return nil, usagef("serializer %q: must be pickle or json", a.serializer)
}

// options reads where Redis is, in the order of RQ: the flag, RQ_REDIS_URL, and
// the variables of RQ's settings.
func options(flag string, env func(string) string) (*redis.Options, error) {
	if address := cmp.Or(flag, env("RQ_REDIS_URL"), env("REDIS_URL")); address != "" {
		return parseURL(address)
	}
	opts := &redis.Options{
		Addr:     net.JoinHostPort(cmp.Or(env("REDIS_HOST"), "localhost"), cmp.Or(env("REDIS_PORT"), "6379")),
		Password: env("REDIS_PASSWORD"),
	}
	if text := env("REDIS_DB"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("REDIS_DB is %q: must be the number of a database", text)
		}
		opts.DB = n
	}
	switch strings.ToLower(env("REDIS_SSL")) {
	case "", "n", "no", "f", "false":
		return opts, nil
	case "y", "yes", "t", "true":
	default:
		return nil, fmt.Errorf("REDIS_SSL is %q: must be True or False", env("REDIS_SSL"))
	}
	var err error
	opts.TLSConfig, err = tlsConfig(cmp.Or(env("REDIS_HOST"), "localhost"), map[string]string{
		"ssl_ca_certs": env("REDIS_SSL_CA_CERTS"), "ssl_ca_data": env("REDIS_SSL_CA_DATA"), "ssl_cert_reqs": env("REDIS_SSL_CERT_REQS"),
		"ssl_keyfile": env("REDIS_SSL_KEYFILE"), "ssl_certfile": env("REDIS_SSL_CERTFILE"),
	})
	return opts, err
}

// parseURL reads a URL of redis-py, whose parameters for TLS go-redis does not know.
func parseURL(address string) (*redis.Options, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("URL %q: must be such as redis://localhost:6379/0: %w", address, errors.Unwrap(err))
	}
	query, settings := u.Query(), map[string]string{}
	for _, name := range []string{"ssl_ca_certs", "ssl_ca_data", "ssl_cert_reqs", "ssl_keyfile", "ssl_certfile"} {
		settings[name] = query.Get(name)
		query.Del(name)
	}
	u.RawQuery = query.Encode()
	opts, err := redis.ParseURL(u.String())
	if err != nil {
		return nil, fmt.Errorf("URL %q: must be such as redis://localhost:6379/0: %w", u.Redacted(), err)
	}
	if opts.TLSConfig != nil {
		opts.TLSConfig, err = tlsConfig(u.Hostname(), settings)
	}
	return opts, err
}

// tlsConfig returns what redis-py's settings of these names mean.
func tlsConfig(host string, settings map[string]string) (*tls.Config, error) {
	config := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	switch settings["ssl_cert_reqs"] {
	case "", "required":
	case "none":
		config.InsecureSkipVerify = true
	default:
		return nil, fmt.Errorf("ssl_cert_reqs is %q: must be required or none", settings["ssl_cert_reqs"])
	}
	authorities := []byte(settings["ssl_ca_data"])
	if file := settings["ssl_ca_certs"]; file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read the certificates of authorities: %w", err)
		}
		authorities = append(authorities, text...)
	}
	if len(authorities) > 0 {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(authorities) {
			return nil, errors.New("the certificates of authorities are not PEM")
		}
	}
	if file := settings["ssl_certfile"]; file != "" {
		pair, err := tls.LoadX509KeyPair(file, cmp.Or(settings["ssl_keyfile"], file))
		if err != nil {
			return nil, fmt.Errorf("read the certificate: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// explain says why a server cannot be used, and what may help.
func explain(err error, opts *redis.Options) error {
	where := "Redis at " + opts.Addr
	var dns *net.DNSError
	var record tls.RecordHeaderError
	var certificate *tls.CertificateVerificationError
	switch message := err.Error(); {
	case errors.As(err, &dns):
		return fmt.Errorf("%s: there is no such host: see --url: %w", where, err)
	case errors.As(err, &certificate):
		return fmt.Errorf("%s: its certificate cannot be trusted: see REDIS_SSL_CA_CERTS, or ssl_ca_certs in the URL: %w", where, err)
	case errors.As(err, &record):
		return fmt.Errorf("%s does not speak TLS: say redis:// instead of rediss://: %w", where, err)
	case strings.Contains(message, "connection refused"):
		return fmt.Errorf("%s: nobody listens there: is the server up, and --url right? %w", where, err)
	case strings.HasPrefix(message, "NOAUTH"), strings.HasPrefix(message, "WRONGPASS"), strings.Contains(message, "AUTH"):
		return fmt.Errorf("%s wants another password: say it in the URL, redis://user:password@host: %w", where, err)
	case strings.Contains(message, "EOF"), strings.Contains(message, "reset by peer"):
		return fmt.Errorf("%s closes the connection: is it a Redis, and does it want TLS (rediss://)? %w", where, err)
	case redis.HasErrorPrefix(err, "ERR") || strings.Contains(message, "can't parse"), strings.Contains(message, "invalid"):
		return fmt.Errorf("%s does not answer as a Redis does, or has no database %d: %w", where, opts.DB, err)
	}
	return fmt.Errorf("%s: %w", where, err)
}
