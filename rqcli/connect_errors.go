package rqcli

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"strings"
	"syscall"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq"
)

// connectError says why a server cannot be used, and what may help, followed by the
// error of the server or the system. It contains no password.
func connectError(err error, opts *redis.Options) error {
	where := "Redis at " + opts.Addr
	if reason := cmp.Or(tlsReason(err), networkReason(err, opts), replyReason(err, opts)); reason != "" {
		return fmt.Errorf("%s %s: %w", where, reason, err)
	}
	return fmt.Errorf("%s: %w", where, err)
}

// tlsReason explains an error of TLS, and returns "" for others.
func tlsReason(err error) string {
	var certificate *tls.CertificateVerificationError
	var host x509.HostnameError
	switch message := err.Error(); {
	case errors.As(err, &host):
		return "presents a certificate for another host: connect by the name in the certificate, or add ssl_check_hostname=false to the URL"
	case errors.As(err, &certificate):
		return "presents a certificate that is not trusted: set REDIS_SSL_CA_CERTS, or ssl_ca_certs in the URL"
	case errors.As(err, new(tls.RecordHeaderError)):
		return "does not use TLS: use redis:// instead of rediss://, or unset REDIS_SSL"
	case strings.Contains(message, "certificate required"), strings.Contains(message, "bad certificate"):
		return "requires a client certificate: set REDIS_SSL_CERTFILE and REDIS_SSL_KEYFILE, or ssl_certfile and ssl_keyfile in the URL"
	}
	return ""
}

// networkReason explains why there is no connection, and returns "" for other errors.
func networkReason(err error, opts *redis.Options) string {
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return "cannot be found: no such host: check --url or REDIS_HOST"
	case errors.As(err, &dns):
		return "cannot be found: looking up the host name failed"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refuses the connection: is the server running, and is --url right?"
	case errors.Is(err, fs.ErrNotExist):
		return "cannot be reached: no such socket: is the server running, and is --url right?"
	case errors.Is(err, fs.ErrPermission):
		return "cannot be reached: this user has no permission to open the socket"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "cannot be reached: there is no route to the host: is --url right?"
	case errors.As(err, &timeout) && timeout.Timeout() && opts.TLSConfig != nil: // a Redis without TLS waits for the rest of the handshake, as of a command
		return fmt.Sprintf("did not answer within %s: is --url right, and %s", opts.DialTimeout, tlsHint(opts))
	case errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Sprintf("did not answer within %s: is --url right, or is a firewall in the way?", opts.DialTimeout)
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "closed the connection: is it a Redis server, and " + tlsHint(opts)
	}
	return ""
}

// tlsHint asks whether TLS is used where the server does not, or the other way round.
func tlsHint(opts *redis.Options) string {
	if opts.TLSConfig != nil {
		return "does it use TLS (if not, use redis:// instead of rediss://, and unset REDIS_SSL)?"
	}
	return "does it require TLS (rediss://, or REDIS_SSL)?"
}

// replyReason explains an error reply of the server.
func replyReason(err error, opts *redis.Options) string {
	switch message := err.Error(); {
	case errors.Is(err, rq.ErrCluster), strings.Contains(message, "not allowed in cluster mode"):
		return "is a cluster, which cannot be used: give another server with --url"
	case strings.Contains(message, "NOAUTH"):
		return "requires a password: put it in the URL, redis://user:password@host, or in REDIS_PASSWORD"
	case strings.Contains(message, "WRONGPASS"), strings.Contains(message, "invalid password"):
		return "rejects the user or password: check the URL, redis://user:password@host, or REDIS_PASSWORD"
	case strings.Contains(message, "without any password configured"), strings.Contains(message, "no password is set"):
		return "has no password set: remove it from the URL, or unset REDIS_PASSWORD"
	case strings.Contains(message, "DB index"):
		return fmt.Sprintf("has no database %d: check the number at the end of the URL, or REDIS_DB", opts.DB)
	case strings.Contains(message, "can't parse"), strings.Contains(message, "invalid reply"):
		return "does not answer like a Redis server: is --url right, and " + tlsHint(opts)
	}
	return ""
}
