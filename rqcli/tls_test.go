package rqcli

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/redistest"
)

// An authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string // of its own certificate, in PEM
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := new(authority)
	a.file, _ = a.sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	return a
}

// host signs a certificate for a host, and for its use as a client.
func (a *authority) host(t *testing.T, name string) (cert, key string) {
	t.Helper()
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if ip := net.ParseIP(name); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{name}
	}
	return a.sign(t, template)
}

// sign returns the files of a new certificate and its key. The first that an
// authority signs is its own.
func (a *authority) sign(t *testing.T, template *x509.Certificate) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	if a.cert == nil {
		a.cert, a.key = template, private
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &private.PublicKey, a.key)
	require.NoError(t, err)
	if a.cert == template {
		a.cert, err = x509.ParseCertificate(der)
		require.NoError(t, err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	return inPEM(t, "CERTIFICATE", der), inPEM(t, "PRIVATE KEY", pkcs8)
}

func inPEM(t *testing.T, kind string, der []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file.pem")
	require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
	return path
}

// behindTLS has a server of TLS in front of rdb's, and returns its address.
func behindTLS(t *testing.T, rdb *redis.Client, config *tls.Config) string {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", config)
	require.NoError(t, err)
	var connections sync.WaitGroup
	connections.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			connections.Go(func() { relay(conn, rdb.Options().Addr) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		connections.Wait()
	})
	return l.Addr().String()
}

// relay connects conn with a server until one of them has said all.
func relay(conn net.Conn, addr string) {
	defer conn.Close()
	server, err := net.Dial("tcp", addr)
	if err != nil {
		return
	}
	defer server.Close()
	var answers sync.WaitGroup
	answers.Go(func() {
		_, _ = io.Copy(conn, server)
		conn.Close()
	})
	_, _ = io.Copy(server, conn)
	server.Close()
	answers.Wait()
}

func TestTLS(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	ours, other := newAuthority(t), newAuthority(t)
	cert, key := ours.host(t, "127.0.0.1")
	pair, err := tls.LoadX509KeyPair(cert, key)
	require.NoError(t, err)
	elsewhere, err := tls.LoadX509KeyPair(ours.host(t, "elsewhere"))
	require.NoError(t, err)
	_, otherKey := other.host(t, "127.0.0.1")
	clients := x509.NewCertPool()
	clients.AddCert(ours.cert)
	addresses := map[string]string{
		"ours":      behindTLS(t, rdb, &tls.Config{Certificates: []tls.Certificate{pair}}),
		"elsewhere": behindTLS(t, rdb, &tls.Config{Certificates: []tls.Certificate{elsewhere}}),
		"strict":    behindTLS(t, rdb, &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients}),
		"plain":     rdb.Options().Addr,
	}
	data, err := os.ReadFile(ours.file)
	require.NoError(t, err)
	none := filepath.Join(t.TempDir(), "none.pem")
	tests := []struct {
		name, scheme, server string
		settings             url.Values
		code                 int
		want                 string
	}{
		{"the right authority", "rediss", "ours", url.Values{"ssl_ca_certs": {ours.file}}, 0, ""},
		{"the right authority as data", "rediss", "ours", url.Values{"ssl_ca_data": {string(data)}}, 0, ""},
		{"either authority", "rediss", "ours", url.Values{"ssl_ca_data": {string(data)}, "ssl_ca_certs": {other.file}}, 0, ""},
		{"optional is required", "rediss", "ours", url.Values{"ssl_cert_reqs": {"optional"}}, 1, "is not trusted: set REDIS_SSL_CA_CERTS, or ssl_ca_certs"},
		{"no authority", "rediss", "ours", nil, 1, "is not trusted: set REDIS_SSL_CA_CERTS, or ssl_ca_certs"},
		{"another authority", "rediss", "ours", url.Values{"ssl_ca_certs": {other.file}}, 1, "is not trusted"},
		{"nothing is checked", "rediss", "elsewhere", url.Values{"ssl_cert_reqs": {"none"}}, 0, ""},
		{"another host", "rediss", "elsewhere", url.Values{"ssl_ca_certs": {ours.file}}, 1, "presents a certificate for another host"},
		{"any host", "rediss", "elsewhere", url.Values{"ssl_ca_certs": {ours.file}, "ssl_check_hostname": {"False"}}, 0, ""},
		{"any host of another authority", "rediss", "elsewhere", url.Values{"ssl_ca_certs": {other.file}, "ssl_check_hostname": {"0"}}, 1, "is not trusted"},
		{"any host, nothing is checked", "rediss", "elsewhere", url.Values{"ssl_cert_reqs": {"none"}, "ssl_check_hostname": {"no"}}, 0, ""},
		{"no certificate", "rediss", "strict", url.Values{"ssl_ca_certs": {ours.file}}, 1, "requires a client certificate: set REDIS_SSL_CERTFILE"},
		{"a certificate", "rediss", "strict", url.Values{"ssl_ca_certs": {ours.file}, "ssl_certfile": {cert}, "ssl_keyfile": {key}}, 0, ""},
		{"the key of another", "rediss", "strict", url.Values{"ssl_certfile": {cert}, "ssl_keyfile": {otherKey}}, 2, "read ssl_certfile and ssl_keyfile"},
		{"a certificate without its key", "rediss", "strict", url.Values{"ssl_certfile": {cert}}, 2, "read ssl_certfile and ssl_keyfile"},
		{"no file", "rediss", "ours", url.Values{"ssl_ca_certs": {none}}, 2, "read ssl_ca_certs: open " + none},
		{"no PEM", "rediss", "ours", url.Values{"ssl_ca_data": {"x"}}, 2, "no PEM certificate"},
		{"TLS to a plain server", "rediss", "plain", url.Values{"socket_connect_timeout": {"0.1"}}, 1, "use redis:// instead of rediss://"},
		{"plain to a server of TLS", "redis", "ours", nil, 1, "does it require TLS (rediss://"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			address := url.URL{Scheme: tt.scheme, Host: addresses[tt.server], RawQuery: tt.settings.Encode()}

			got := commandOf(t, nil, "resume", "--url", address.String())

			assert.Equal(t, tt.code, got.Code, got.Err)
			assert.Contains(t, got.Err, tt.want)
			if tt.code == ExitFailure {
				assert.Contains(t, got.Err, "Redis at "+addresses[tt.server])
			}
		})
	}
}
