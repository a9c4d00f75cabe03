package config

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/tuttisync/tutti/auth"
)

const maxFileBytes = 1 << 20

// Load returns a valid configuration: the defaults, changed by the YAML file,
// by environ ("NAME=value" each, as os.Environ gives it) and by flags, in this
// order. An empty file name means what TUTTI_CONFIG names, or no file. flags
// may be nil. It reads the files that the configuration names.
func Load(file string, environ []string, flags func(*Config)) (*Config, error) {
	if file == "" {
		for _, e := range environ {
			if value, ok := strings.CutPrefix(e, envPrefix+"CONFIG="); ok {
				file = value
			}
		}
	}
	c := Default()
	if err := errors.Join(applyFile(c, file), applyEnv(c, environ)); err != nil {
		return nil, err
	}
	if flags != nil {
		flags(c)
	}
	c.complete()
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return c, nil
}

func applyFile(c *Config, file string) error {
	if file == "" {
		return nil
	}
	text, err := readBounded(file, maxFileBytes)
	if err != nil {
		return fmt.Errorf("read configuration: %w", err)
	}
	return decodeYAML([]byte(text), c, func(line int) string {
		if line == 0 {
			return file + ": "
		}
		return fmt.Sprintf("%s:%d: ", file, line)
	})
}

// complete fills in what follows from the rest.
func (c *Config) complete() {
	c.BasePath = strings.TrimRight(c.BasePath, "/")
	c.AnyNamespace = c.AnyNamespace || c.Dev
	if c.Namespaces == nil {
		c.Namespaces = make(map[string]Namespace)
	}
	if _, ok := c.Namespaces[auth.UserNamespace]; !ok {
		c.Namespaces[auth.UserNamespace] = defaultNamespace()
	}
	for name, ns := range c.Namespaces {
		if ns.Type == "" {
			ns.Type = Messages
		}
		if ns.Durability == "" {
			ns.Durability = Durable
		}
		if ns.Delivery == "" {
			ns.Delivery = All
		}
		ns.Presence.complete()
		c.Namespaces[name] = ns
	}
}

func (p *Presence) complete() {
	d := defaultPresence()
	p.Mode = cmp.Or(p.Mode, d.Mode)
	p.List = cmp.Or(p.List, d.List)
	p.Grace, p.Lease, p.Tick = cmp.Or(p.Grace, d.Grace), cmp.Or(p.Lease, d.Lease), cmp.Or(p.Tick, d.Tick)
}
