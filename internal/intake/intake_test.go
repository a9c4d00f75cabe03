package intake

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// hall serves h behind an intake.
func hall(t *testing.T, h http.HandlerFunc) (*httptest.Server, *Listener) {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	l := Listen(s.Listener, s.Config)
	s.Listener = l
	return s, l
}

func get(url string) error {
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	r, err := (&http.Client{Transport: transport}).Get(url)
	if err != nil {
		return err
	}
	defer r.Body.Close()
	_, err = io.Copy(io.Discard, r.Body)
	return err
}

// More come than are taken at a time, and all are served, over TLS too.
func TestListener_a_crowd(t *testing.T) {
	for name, start := range map[string]func(*httptest.Server){"plain": (*httptest.Server).Start, "tls": (*httptest.Server).StartTLS} {
		t.Run(name, func(t *testing.T) {
			s, l := hall(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "here") })
			start(s)
			client := s.Client()
			results := make(chan error)
			const crowd = 4 * Most
			for range crowd {
				go func() {
					r, err := client.Get(s.URL)
					if err == nil {
						_, err = io.Copy(io.Discard, r.Body)
						err = errors.Join(err, r.Body.Close())
					}
					results <- err
				}()
			}
			for range crowd {
				if err := <-results; err != nil {
					t.Error(err)
				}
			}
			client.CloseIdleConnections()
			s.Close()
			if n := len(l.slots); n != 0 {
				t.Errorf("%d places are still taken", n)
			}
		})
	}
}

// Peers that say nothing keep others waiting for Patience at most.
func TestListener_silent_peers(t *testing.T) {
	s, _ := hall(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "here") })
	s.Start()
	defer s.Close()
	for range 2 * Most {
		c, err := net.Dial("tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	if err := get(s.URL); err != nil {
		t.Error(err)
	}
}

// A request that is answered for long, as a stream is, does not count as new.
func TestListener_streams(t *testing.T) {
	began, end := make(chan struct{}), make(chan struct{})
	s, l := hall(t, func(http.ResponseWriter, *http.Request) {
		began <- struct{}{}
		<-end
	})
	s.Start()
	defer s.Close()
	results := make(chan error)
	for range Most {
		go func() { results <- get(s.URL) }()
		<-began
		if n := len(l.slots); n > 1 { // of the Accept that waits
			t.Fatalf("%d places are taken", n)
		}
	}
	close(end)
	for range Most {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
}

// Close ends an Accept that waits for a place.
func TestListener_closes(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := Listen(inner, &http.Server{})
	for range Most {
		l.slots <- struct{}{}
	}
	ended := make(chan error)
	go func() {
		_, err := l.Accept()
		ended <- err
	}()
	if err := errors.Join(l.Close(), l.Close()); err != nil && !errors.Is(err, net.ErrClosed) {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept ended with %v", err)
	}
}
