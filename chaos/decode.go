package chaos

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"
)

const maxRulesBytes = 1 << 20

// ParseRules reads rules from JSON: a list of rules, or an object with a list
// named rules. A fault is told with its key, as in rules[0].fault.delay; no key
// may be unknown or stand twice. It returns valid rules or an error.
func ParseRules(text []byte) ([]Rule, error) {
	var file struct {
		Rules []Rule `json:"rules"`
	}
	into, path := reflect.ValueOf(&file).Elem(), ""
	if first := bytes.TrimLeft(text, " \t\r\n"); len(first) > 0 && first[0] == '[' {
		into, path = into.Field(0), "rules"
	}
	if err := decode(text, into, path); err != nil {
		return nil, err
	}
	if err := checkRules(file.Rules); err != nil {
		return nil, err
	}
	return file.Rules, nil
}

// ParseRule reads one rule from a JSON object, as ParseRules reads several.
func ParseRule(text []byte) (Rule, error) {
	var r Rule
	if err := decode(text, reflect.ValueOf(&r).Elem(), "rule"); err != nil {
		return Rule{}, err
	}
	var found faults
	r.check(&found, "rule")
	if len(found) > 0 {
		return Rule{}, errors.Join(found...)
	}
	return r, nil
}

// A decoder fills a value with JSON, key by key, where package json could fill
// it at once, so that each fault is told by its key.
type decoder struct{ json *json.Decoder }

func decode(text []byte, into reflect.Value, path string) error {
	if len(text) > maxRulesBytes {
		return fmt.Errorf("%d bytes of rules are more than %d", len(text), maxRulesBytes)
	}
	d := decoder{json.NewDecoder(bytes.NewReader(text))}
	d.json.UseNumber()
	if err := d.value(into, path); err != nil {
		return err
	}
	if _, err := d.json.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more behind the rules")
	}
	return nil
}

func named(path string) string {
	if path == "" {
		return "the rules"
	}
	return path
}

func (d decoder) token(path string) (json.Token, error) {
	t, err := d.json.Token()
	switch {
	case errors.Is(err, io.EOF):
		return nil, fmt.Errorf("%s: the JSON ends too early", named(path))
	case err != nil:
		return nil, fmt.Errorf("%s: this is not JSON: %w", named(path), err)
	}
	return t, nil
}

func (d decoder) value(into reflect.Value, path string) error {
	if into.Kind() == reflect.Pointer {
		into.Set(reflect.New(into.Type().Elem()))
		return d.value(into.Elem(), path)
	}
	t, err := d.token(path)
	if err != nil {
		return err
	}
	switch {
	case t == json.Delim('{') && into.Kind() == reflect.Struct:
		return d.object(into, path)
	case t == json.Delim('[') && into.Kind() == reflect.Slice:
		return d.list(into, path)
	}
	return scalar(t, into, path)
}

func (d decoder) object(into reflect.Value, path string) error {
	seen := make(map[string]bool)
	for d.json.More() {
		t, err := d.token(path)
		if err != nil {
			return err
		}
		key := t.(string) // a key of an object is nothing else
		at := key
		if path != "" {
			at = path + "." + key
		}
		field, ok := fieldOf(into, key)
		switch {
		case !ok:
			return fmt.Errorf("%.120s: unknown key; known are %s", at, strings.Join(keys(into.Type()), ", "))
		case seen[key]:
			return fmt.Errorf("%s: stands here twice", at)
		}
		seen[key] = true
		if err := d.value(field, at); err != nil {
			return err
		}
	}
	_, err := d.token(path)
	return err
}

func (d decoder) list(into reflect.Value, path string) error {
	for i := 0; d.json.More(); i++ {
		if i == maxRules {
			return fmt.Errorf("%s: more than %d", named(path), maxRules)
		}
		item := reflect.New(into.Type().Elem()).Elem()
		if err := d.value(item, fmt.Sprintf("%s[%d]", path, i)); err != nil {
			return err
		}
		into.Set(reflect.Append(into, item))
	}
	_, err := d.token(path)
	return err
}

// scalar sets a field that is no object and no list. A number is never 0: where
// that means "not set" in Go, it would be a trap in a file.
func scalar(t json.Token, into reflect.Value, path string) error {
	text, isText := t.(string)
	number, isNumber := t.(json.Number)
	flag, isFlag := t.(bool)
	want := ""
	switch {
	case into.Type() == reflect.TypeFor[time.Duration]():
		v, err := time.ParseDuration(text)
		if into.SetInt(int64(v)); isText && err == nil {
			return nil
		}
		want = "a duration like 50ms or 2s"
	case into.Kind() == reflect.String:
		if into.SetString(text); isText {
			return nil
		}
		want = "text"
	case into.Kind() == reflect.Bool:
		if into.SetBool(flag); isFlag && flag {
			return nil
		}
		want = "true, or left out"
	case into.Kind() == reflect.Float64:
		v, err := number.Float64()
		if into.SetFloat(v); isNumber && err == nil && v != 0 {
			return nil
		}
		want = "a number over 0"
	case into.CanInt():
		v, err := number.Int64()
		if into.SetInt(v); isNumber && err == nil && v != 0 && !into.OverflowInt(v) {
			return nil
		}
		want = "a whole number over 0"
	case into.Kind() == reflect.Slice:
		want = "a list"
	default:
		want = "an object with some of " + strings.Join(keys(into.Type()), ", ")
	}
	return fmt.Errorf("%s: must be %s", named(path), want)
}

// fieldOf returns the field that a key of JSON names. Durations are named here,
// since package json would write them as numbers.
func fieldOf(v reflect.Value, key string) (reflect.Value, bool) {
	for i := range v.NumField() {
		if keyOf(v.Type().Field(i)) == key {
			return v.Field(i), true
		}
	}
	return reflect.Value{}, false
}

func keyOf(f reflect.StructField) string {
	if f.Type == reflect.TypeFor[time.Duration]() {
		return strings.ToLower(f.Name)
	}
	key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return key
}

func keys(t reflect.Type) []string {
	all := make([]string, t.NumField())
	for i := range all {
		all[i] = keyOf(t.Field(i))
	}
	return all
}

func keysOf[T any]() []string { return keys(reflect.TypeFor[T]()) }
