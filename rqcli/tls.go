package rqcli

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"
)

// tlsSettings are the TLS settings of redis-py that are supported here.
var tlsSettings = []string{"ssl_ca_certs", "ssl_ca_data", "ssl_cert_reqs", "ssl_check_hostname", "ssl_keyfile", "ssl_certfile"}

// tlsConfig returns the configuration for redis-py's TLS settings (redis/connection.py,
// SSLConnection).
func tlsConfig(host string, setting func(name string) string) (*tls.Config, error) {
	config := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	var err error
	if config.RootCAs, err = authorities(setting("ssl_ca_certs"), setting("ssl_ca_data")); err != nil {
		return nil, err
	}
	switch setting("ssl_cert_reqs") {
	case "", "required", "optional": // for a client, "optional" in OpenSSL means required
	case "none":
		config.InsecureSkipVerify = true
	default:
		return nil, fmt.Errorf("ssl_cert_reqs is %q: must be required or none", setting("ssl_cert_reqs"))
	}
	switch strings.ToLower(setting("ssl_check_hostname")) {
	case "0", "f", "false", "n", "no": // redis-py's
		anyHost(config)
	}
	if file := setting("ssl_certfile"); file != "" {
		pair, err := tls.LoadX509KeyPair(file, cmp.Or(setting("ssl_keyfile"), file))
		if err != nil {
			return nil, fmt.Errorf("read ssl_certfile and ssl_keyfile: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// authorities returns the certificates of the trusted authorities, or nil for the
// system's.
func authorities(file, data string) (*x509.CertPool, error) {
	if file == "" && data == "" {
		return nil, nil
	}
	text := []byte(data)
	if file != "" {
		read, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read ssl_ca_certs: %w", err)
		}
		text = append(append(text, '\n'), read...)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, errors.New("ssl_ca_certs and ssl_ca_data hold no PEM certificate")
	}
	return pool, nil
}

// anyHost accepts a certificate for any host. It must still be signed by a trusted
// authority, unless nothing is verified.
func anyHost(config *tls.Config) {
	if config.InsecureSkipVerify {
		return
	}
	config.InsecureSkipVerify = true
	config.VerifyConnection = func(state tls.ConnectionState) error {
		opts := x509.VerifyOptions{Roots: config.RootCAs, Intermediates: x509.NewCertPool()}
		for _, c := range state.PeerCertificates[1:] {
			opts.Intermediates.AddCert(c)
		}
		if _, err := state.PeerCertificates[0].Verify(opts); err != nil {
			return &tls.CertificateVerificationError{UnverifiedCertificates: state.PeerCertificates, Err: err}
		}
		return nil
	}
}
