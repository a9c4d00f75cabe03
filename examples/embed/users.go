package main

import (
	"context"
	"net/http"

	"github.com/tuttisync/tutti"
)

// user returns who the browser's cookie says it is. A real application looks a
// session up here.
func user(r *http.Request) (string, bool) {
	cookie, err := r.Cookie("user")
	if err != nil || cookie.Value == "" {
		return "", false
	}
	return cookie.Value, true
}

// requireUser is the application's own middleware.
func requireUser(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, ok := user(r); !ok {
			http.Error(w, "log in first", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// authenticate lets tutti know users by the same cookie.
func authenticate(_ context.Context, r *http.Request) (tutti.Identity, error) {
	name, ok := user(r)
	if !ok {
		return tutti.Identity{}, nil
	}
	return tutti.Identity{Sub: name, Name: name, Grants: []tutti.Grant{
		{Topics: "chat:*", Verbs: []tutti.Verb{"read", "publish", "history"}},
	}}, nil
}
