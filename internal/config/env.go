package config

import (
	"reflect"
	"strings"
	"unicode"
)

const envPrefix = "TUTTI_"

// applyEnv sets the fields that have a variable in environ ("NAME=value" each).
// An empty variable counts as not set. A list of words is separated by commas;
// auth.keys and namespaces are YAML, as {chat: {anonymous: [read]}}.
// Variables that are nobody's are passed over: the surroundings may set some
// of the same prefix for a service of this name.
func applyEnv(c *Config, environ []string) error {
	set := make(map[string]string)
	for _, e := range environ {
		if name, value, _ := strings.Cut(e, "="); strings.HasPrefix(name, envPrefix) && value != "" {
			set[name] = value
		}
	}
	var found faults
	envStruct(reflect.ValueOf(c).Elem(), strings.TrimSuffix(envPrefix, "_"), set, &found)
	return found.join()
}

func envStruct(v reflect.Value, prefix string, set map[string]string, found *faults) {
	for i := range v.NumField() {
		field, name := v.Field(i), prefix+"_"+envName(v.Type().Field(i).Tag.Get("yaml"))
		text, given := set[name]
		switch {
		case field.Kind() == reflect.Struct:
			envStruct(field, name, set, found)
		case !given:
		case field.Kind() == reflect.Slice && field.Type().Elem().Kind() == reflect.String:
			words := strings.Split(text, ",")
			list := reflect.MakeSlice(field.Type(), len(words), len(words))
			for i, w := range words {
				list.Index(i).SetString(strings.TrimSpace(w))
			}
			field.Set(list)
		case field.Kind() == reflect.Slice, field.Kind() == reflect.Map:
			if err := decodeYAML([]byte(text), field.Addr().Interface(), func(int) string { return name + ": " }); err != nil {
				*found = append(*found, err)
			}
		default:
			if err := setText(field, text); err != nil {
				found.add(name, "%v", err)
			}
		}
	}
}

// envName turns messageBytes into MESSAGE_BYTES.
func envName(key string) string {
	var b strings.Builder
	for _, r := range key {
		if unicode.IsUpper(r) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToUpper(r))
	}
	return b.String()
}
