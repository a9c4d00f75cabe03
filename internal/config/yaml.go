package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// decoder puts one YAML document into a Config. Decoding field by field, where
// the YAML library could fill the struct at once, is what lets each fault be
// told by line and key rather than by Go type.
type decoder struct {
	place  func(line int) string // what stands before a fault
	faults faults
}

// decodeYAML reads one document, or none, into v.
func decodeYAML(text []byte, v any, place func(line int) string) error {
	parser := yaml.NewDecoder(bytes.NewReader(text))
	var document, second yaml.Node
	if err := parser.Decode(&document); errors.Is(err, io.EOF) {
		return nil
	} else if err != nil {
		return fmt.Errorf("%s%s", place(0), strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if err := parser.Decode(&second); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%sthere is more than one document", place(second.Line))
	}
	d := decoder{place: place}
	d.value(document.Content[0], reflect.ValueOf(v).Elem(), "")
	return d.faults.join()
}

func (d *decoder) fault(n *yaml.Node, path, format string, args ...any) {
	if path == "" {
		path = "the document"
	}
	d.faults.add(d.place(n.Line)+path, format, args...)
}

// value decodes n into a field. A null leaves the field as it was.
func (d *decoder) value(n *yaml.Node, into reflect.Value, path string) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return
	}
	switch into.Kind() {
	case reflect.Struct:
		d.each(n, path, func(key string, k, v *yaml.Node) {
			if field, ok := fieldOf(into, key); ok {
				d.value(v, field, join(path, key))
			} else {
				d.fault(k, join(path, key), "unknown key; known are %s", strings.Join(keysOf(into.Type()), ", "))
			}
		})
	case reflect.Map:
		if into.IsNil() {
			into.Set(reflect.MakeMap(into.Type()))
		}
		d.each(n, path, func(key string, _, v *yaml.Node) {
			item := reflect.New(into.Type().Elem()).Elem()
			d.value(v, item, join(path, key))
			into.SetMapIndex(reflect.ValueOf(key), item)
		})
	case reflect.Slice:
		if n.Kind != yaml.SequenceNode {
			d.fault(n, path, "must be a list")
			return
		}
		list := reflect.MakeSlice(into.Type(), len(n.Content), len(n.Content))
		for i, item := range n.Content {
			d.value(item, list.Index(i), fmt.Sprintf("%s[%d]", path, i))
		}
		into.Set(list)
	default:
		if n.Kind != yaml.ScalarNode {
			d.fault(n, path, "must be one value")
		} else if err := setText(into, n.Value); err != nil {
			d.fault(n, path, "%v", err)
		}
	}
}

// each calls fn with every key of a mapping and its value.
func (d *decoder) each(n *yaml.Node, path string, fn func(key string, k, v *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		d.fault(n, path, "must be a map of keys to values")
		return
	}
	seen := make(map[string]bool, len(n.Content)/2)
	for i := 0; i < len(n.Content); i += 2 {
		k := n.Content[i]
		switch {
		case k.Kind != yaml.ScalarNode:
			d.fault(k, path, "a key must be one word")
		case seen[k.Value]:
			d.fault(k, join(path, k.Value), "stands here twice")
		default:
			seen[k.Value] = true
			fn(k.Value, k, n.Content[i+1])
		}
	}
}

func fieldOf(v reflect.Value, key string) (reflect.Value, bool) {
	for i := range v.NumField() {
		if v.Type().Field(i).Tag.Get("yaml") == key {
			return v.Field(i), true
		}
	}
	return reflect.Value{}, false
}

func keysOf(t reflect.Type) []string {
	keys := make([]string, t.NumField())
	for i := range keys {
		keys[i] = t.Field(i).Tag.Get("yaml")
	}
	return keys
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
