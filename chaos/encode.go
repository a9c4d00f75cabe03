package chaos

import (
	"encoding/json"
	"reflect"
	"time"
)

// MarshalJSON writes the fault as ParseRules reads it, with durations as text.
func (f Fault) MarshalJSON() ([]byte, error) {
	type plain Fault
	return json.Marshal(struct {
		Delay  string `json:"delay,omitempty"`
		Jitter string `json:"jitter,omitempty"`
		plain
	}{text(f.Delay), text(f.Jitter), plain(f)})
}

// MarshalJSON writes the dribble as ParseRules reads it.
func (d Dribble) MarshalJSON() ([]byte, error) {
	type plain Dribble
	return json.Marshal(struct {
		plain
		Every string `json:"every"`
	}{plain(d), d.Every.String()})
}

func text(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

// UnmarshalJSON reads the rule as ParseRule does, without judging its values.
func (r *Rule) UnmarshalJSON(text []byte) error {
	*r = Rule{}
	return decode(text, reflect.ValueOf(r).Elem(), "rule")
}
