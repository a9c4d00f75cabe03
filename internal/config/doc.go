// Package config reads the server's configuration: one [Config] out of a YAML
// file, the environment and flags, checked before anything starts.
//
// Later sources win: defaults, then the file, then the environment, then
// flags. A key has one path in the file, as limits.messageBytes, and one name
// in the environment, as TUTTI_LIMITS_MESSAGE_BYTES; docs/tutti.example.yaml
// explains each.
//
//	cfg, err := config.Load(file, os.Environ(), func(c *config.Config) {
//		if flags.Changed("addr") {
//			c.Addr = addr
//		}
//	})
//
// Load finds all faults at once and says of each where it stands: an unknown
// key or a value of the wrong form with file and line, a value out of range by
// its key. No message holds a secret.
package config
