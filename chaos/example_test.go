package chaos_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/tuttisync/tutti/chaos"
)

func Example() {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	proxy, err := chaos.New(chaos.Config{Target: server.Listener.Addr().String()})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = proxy.Close() }()

	err = proxy.SetRules([]chaos.Rule{{
		ID:    "closed",
		Match: chaos.Match{Path: "/shop/*"},
		Fault: chaos.Fault{Status: http.StatusTeapot},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, path := range []string{"/shop/door", "/park"} {
		resp, err := http.Get("http://" + proxy.Addr() + path)
		if err != nil {
			fmt.Println(err)
			return
		}
		_ = resp.Body.Close()
		fmt.Println(path, resp.StatusCode)
	}
	fmt.Println(proxy.Stats().Rules)
	// Output:
	// /shop/door 418
	// /park 404
	// map[closed:1]
}
