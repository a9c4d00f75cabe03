package gate

import (
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestClient_LIMIT_3(t *testing.T) {
	proxies, err := ParseProxies([]string{"10.0.0.0/8", "192.0.2.7", "fd00::/8"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, remote string
		forwarded    []string
		want         string
	}{
		{"no_proxy", "203.0.113.5:4711", nil, "203.0.113.5"},
		{"ipv6_with_a_zone", "[fe80::1%eth0]:4711", nil, "fe80::1"},
		{"ipv4_in_ipv6", "[::ffff:203.0.113.5]:4711", nil, "203.0.113.5"},
		{"an_untrusted_peer_says_nothing", "203.0.113.5:4711", []string{"198.51.100.1"}, "203.0.113.5"},
		{"behind_one", "10.1.2.3:80", []string{"203.0.113.5"}, "203.0.113.5"},
		{"behind_a_single_address", "192.0.2.7:80", []string{"203.0.113.5"}, "203.0.113.5"},
		{"not_behind_its_neighbour", "192.0.2.8:80", []string{"203.0.113.5"}, "192.0.2.8"},
		{"behind_two", "10.1.2.3:80", []string{"203.0.113.5, 10.9.9.9"}, "203.0.113.5"},
		{"what_the_client_wrote_is_not_reached", "10.1.2.3:80", []string{"198.51.100.1, 203.0.113.5, 10.9.9.9"}, "203.0.113.5"},
		{"nor_in_a_line_of_its_own", "10.1.2.3:80", []string{"198.51.100.1", "203.0.113.5", "fd00::1"}, "203.0.113.5"},
		{"nor_past_what_it_made_look_trusted", "10.1.2.3:80", []string{"10.6.6.6, 203.0.113.5"}, "203.0.113.5"},
		{"a_client_within_the_network", "10.1.2.3:80", []string{"10.4.4.4, 10.9.9.9"}, "10.4.4.4"},
		{"with_ports", "10.1.2.3:80", []string{"203.0.113.5:999 ,\t[fd00::2]:80"}, "203.0.113.5"},
		{"ipv6_with_brackets", "10.1.2.3:80", []string{"[2001:db8::5]"}, "2001:db8::5"},
		{"ipv6_bare", "10.1.2.3:80", []string{"2001:db8::5"}, "2001:db8::5"},
		{"ipv4_in_ipv6_is_trusted", "[::ffff:10.1.2.3]:80", []string{"203.0.113.5"}, "203.0.113.5"},
		{"a_proxy_that_hides_it", "10.1.2.3:80", []string{"203.0.113.5, unknown"}, "10.1.2.3"},
		{"nothing", "10.1.2.3:80", []string{""}, "10.1.2.3"},
		{"only_commas", "10.1.2.3:80", []string{",,,"}, "10.1.2.3"},
		{"a_unix_socket", "@", []string{"203.0.113.5"}, "invalid IP"},
		{"an_empty_peer", "", nil, "invalid IP"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := proxies.client(c.remote, c.forwarded); got.String() != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestParseProxies(t *testing.T) {
	for _, text := range []string{"", "10.0.0.0/33", "proxy.example", "10.0.0.1:80", "fe80::1%eth0", "::ffff:10.0.0.1", "::ffff:10.0.0.0/104"} {
		if p, err := ParseProxies([]string{text}); err == nil {
			t.Errorf("%q reads as %v", text, p)
		}
	}
	p, err := ParseProxies([]string{"10.1.2.3/8"})
	if err != nil || p[0].String() != "10.0.0.0/8" {
		t.Errorf("got %v, %v", p, err)
	}
}

func TestGroup_LIMIT_3(t *testing.T) {
	for text, want := range map[string]string{
		"203.0.113.5": "203.0.113.5/32", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
		"127.0.0.1": "", "::1": "", "10.1.2.3": "", "172.16.0.1": "", "192.168.1.1": "", "fd00::1": "", "fe80::1": "",
		"169.254.1.1": "", "0.0.0.0": "", "172.32.0.1": "172.32.0.1/32",
	} {
		got, bounded := group(netip.MustParseAddr(text))
		if bounded != (want != "") || (bounded && got.String() != want) {
			t.Errorf("%s counts as %v (%v), want %q", text, got, bounded, want)
		}
	}
	if _, bounded := group(netip.Addr{}); bounded {
		t.Error("no address at all has a bound")
	}
}

// naive finds the client with the whole list at hand.
func naive(p Proxies, remote string, forwarded []string) netip.Addr {
	at := parseHop(remote)
	hops := strings.Split(strings.Join(forwarded, ","), ",")
	if len(forwarded) == 0 {
		hops = nil
	}
	for len(hops) > 0 && p.trusts(at) {
		next := parseHop(hops[len(hops)-1])
		if !next.IsValid() {
			break
		}
		at, hops = next, hops[:len(hops)-1]
	}
	return at
}

// Whatever stands in the header, it is read as the naive twin reads it, and
// what is left of an untrusted address changes nothing.
func TestClient_as_the_naive_twin(t *testing.T) {
	proxies := Proxies{netip.MustParsePrefix("10.0.0.0/8")}
	hop := rapid.SampledFrom([]string{"10.0.0.1", "10.0.0.2:80", " 10.0.0.3 ", "203.0.113.5", "[2001:db8::1]:1", "x", ""})
	rapid.Check(t, func(t *rapid.T) {
		remote := hop.Draw(t, "remote")
		var lines []string
		for range rapid.IntRange(0, 3).Draw(t, "lines") {
			lines = append(lines, strings.Join(rapid.SliceOfN(hop, 1, 4).Draw(t, "line"), ","))
		}
		got := proxies.client(remote, lines)
		if want := naive(proxies, remote, lines); got != want {
			t.Fatalf("got %v, want %v", got, want)
		}
		if got.IsValid() && !proxies.trusts(got) {
			spoofed := append([]string{"10.0.0.9, 198.51.100.1, 10.0.0.9"}, lines...)
			if again := proxies.client(remote, spoofed); again != got {
				t.Fatalf("with lies in front it is %v, not %v", again, got)
			}
		}
	})
}

func FuzzClient(f *testing.F) {
	f.Add("10.0.0.1:80", "203.0.113.5, 10.0.0.2")
	f.Add("[fe80::1%1]:1", "[::ffff:1.2.3.4]:5,unknown")
	proxies := Proxies{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	f.Fuzz(func(t *testing.T, remote, forwarded string) {
		got := proxies.client(remote, []string{forwarded})
		if got != naive(proxies, remote, []string{forwarded}) || got.Is4In6() || got.Zone() != "" {
			t.Errorf("got %v", got)
		}
		group(got)
	})
}
