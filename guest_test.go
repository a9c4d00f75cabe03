package tutti_test

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tuttisync/tutti"
)

func TestGuest_AUTH_7_a_token_is_a_name(t *testing.T) {
	srv, err := tutti.New(tutti.Config{Dev: true})
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close(context.Background())
	for token, name := range map[string]string{
		"Ann": "Ann", "": "Guest", "a.jwt.it-seems": "Guest", "a name\twith a tab": "Guest", strings.Repeat("x", 65): "Guest",
	} {
		r := httptest.NewRequest("POST", "http://localhost/v1/topics/office:desk/presence", strings.NewReader(`{"client":"my-own-secret"}`))
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		srv.ServeHTTP(httptest.NewRecorder(), r)
		members, err := srv.Members("office:desk")
		if err != nil || len(members) == 0 || members[len(members)-1].Name != name {
			t.Errorf("AUTH-7: the token %q is %+v, %v", token, members, err)
		}
		r = httptest.NewRequest("POST", "http://localhost/v1/topics/office:desk/presence", strings.NewReader(`{"client":"my-own-secret","leave":true}`))
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		srv.ServeHTTP(httptest.NewRecorder(), r)
	}
}
