package config

import (
	"crypto/tls"
	"net/netip"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
)

// TLS says with which certificate the server listens: one in files, or ordered
// ones. The zero TLS is plain HTTP.
type TLS struct {
	Cert     string   `yaml:"cert"` // file of PEM: the chain, leaf first
	Key      string   `yaml:"key"`  // file of PEM
	Autocert Autocert `yaml:"autocert"`
}

// Autocert says which certificates are ordered, and where.
type Autocert struct {
	Domains   []string `yaml:"domains"`   // host names; none: nothing is ordered
	Cache     string   `yaml:"cache"`     // directory; empty: autocert below the store's
	Email     string   `yaml:"email"`     // where the authority may write to
	Directory string   `yaml:"directory"` // URL of the authority's ACME directory; empty: Let's Encrypt
}

// On says whether the server speaks TLS.
func (t TLS) On() bool { return t.Cert != "" || len(t.Autocert.Domains) > 0 }

// AutocertCache returns the directory of what was ordered.
func (c *Config) AutocertCache() string {
	if c.TLS.Autocert.Cache != "" {
		return c.TLS.Autocert.Cache
	}
	return filepath.Join(c.Data, "autocert")
}

func (c *Config) checkTLS(found *faults) {
	t, a := c.TLS, c.TLS.Autocert
	switch {
	case t.Cert == "" && t.Key != "":
		found.add("tls.cert", "is needed beside tls.key")
	case t.Cert != "" && t.Key == "":
		found.add("tls.key", "is needed beside tls.cert")
	case t.Cert != "" && len(a.Domains) > 0:
		found.add("tls.autocert.domains", "goes with no tls.cert: certificates are ordered or read")
	case t.Cert != "":
		if _, err := tls.LoadX509KeyPair(t.Cert, t.Key); err != nil {
			found.add("tls.cert", "%v", err)
		}
	case len(a.Domains) == 0 && a.Cache+a.Email+a.Directory != "":
		found.add("tls.autocert.domains", "is needed to order certificates")
	}
	for i, d := range a.Domains {
		if !domain(d) {
			found.add("tls.autocert.domains["+strconv.Itoa(i)+"]", "%.80q is not a host name in lower case with a dot, like chat.example.com", d)
		}
	}
	if len(a.Domains) > 0 && a.Cache == "" && c.Memory {
		found.add("tls.autocert.cache", "is needed with memory: true; an authority refuses who orders again with each start")
	}
	if a.Email != "" && !strings.Contains(a.Email, "@") {
		found.add("tls.autocert.email", "%.80q is not an address", a.Email)
	}
	if u, err := url.Parse(a.Directory); a.Directory != "" && (err != nil || u.Scheme != "https" || u.Host == "") {
		found.add("tls.autocert.directory", "%.80q is not the https address of an ACME directory", a.Directory)
	}
}

// domain says whether an authority could be asked for a certificate of name.
func domain(name string) bool {
	if _, err := netip.ParseAddr(name); err == nil || len(name) > 253 || !strings.Contains(name, ".") {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return false
		}
	}
	return true
}
