package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/internal/config"
)

func token() *cobra.Command {
	var file, sub, name string
	var grants []string
	var ttl time.Duration
	c := &cobra.Command{
		Use:     "token",
		Short:   "Make a token with the first key of the configuration that can sign",
		Example: "  tutti token --config tutti.yaml --sub ann --name Ann --grant 'chat:*=read,publish'",
		Args:    cobra.NoArgs,
	}
	f := c.Flags()
	f.StringVar(&file, "config", "", "YAML file with auth.keys")
	f.StringVar(&sub, "sub", "", "the user's id (required)")
	f.StringVar(&name, "name", "", "the user's name")
	f.StringArrayVar(&grants, "grant", nil, "topics=verb,verb: what the user may do; may be given more than once")
	f.DurationVar(&ttl, "ttl", time.Hour, "how long the token is valid")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if sub == "" {
			return errors.New("token: --sub is needed")
		}
		cfg, err := config.Load(file, os.Environ(), nil)
		if err != nil {
			return err
		}
		tokens, err := cfg.Auth.Config()
		if err != nil {
			return err
		}
		if len(tokens.Keys) == 0 {
			return errors.New("token: the configuration has no auth.keys")
		}
		id := auth.Identity{Sub: sub, Name: name}
		for _, g := range grants {
			grant, err := parseGrant(g)
			if err != nil {
				return err
			}
			id.Grants = append(id.Grants, grant)
		}
		signed, err := tokens.Sign(id, time.Now(), ttl)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(c.OutOrStdout(), signed)
		return err
	}
	return c
}

func parseGrant(s string) (auth.Grant, error) {
	topics, verbs, ok := strings.Cut(s, "=")
	if !ok {
		return auth.Grant{}, fmt.Errorf("token: --grant %q is not of the form topics=verb,verb", s)
	}
	g := auth.Grant{Topics: topics}
	for v := range strings.SplitSeq(verbs, ",") {
		verb := auth.Verb(strings.TrimSpace(v))
		if !verb.Valid() {
			return auth.Grant{}, fmt.Errorf("token: --grant %q: %q is no verb; those are %v", s, verb, auth.Verbs())
		}
		g.Verbs = append(g.Verbs, verb)
	}
	return g, nil
}
