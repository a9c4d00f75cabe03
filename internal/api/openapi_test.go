package api

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/tuttisync/tutti/protocol"
)

// openAPI is spec/openapi.yaml. An OpenAPI 3.1 schema is a JSON Schema, so a
// place in the file can be compiled as it is.
type openAPI struct {
	doc      map[string]any
	compiler *jsonschema.Compiler
}

const openAPIFile = "openapi.json"

func loadOpenAPI(t *testing.T) *openAPI {
	t.Helper()
	text, err := os.ReadFile("../../spec/openapi.yaml")
	must(t, err)
	var parsed any
	must(t, yaml.Unmarshal(text, &parsed))
	encoded, err := json.Marshal(parsed)
	must(t, err)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(encoded))
	must(t, err)
	closeObjects(doc)
	a := &openAPI{doc: doc.(map[string]any), compiler: jsonschema.NewCompiler()}
	a.compiler.DefaultDraft(jsonschema.Draft2020)
	must(t, a.compiler.AddResource(openAPIFile, doc))
	return a
}

// closeObjects makes members that are not written down an error: clients pass
// them over, but the server must not say them.
func closeObjects(v any) {
	switch v := v.(type) {
	case map[string]any:
		if _, open := v["additionalProperties"]; !open && v["type"] == "object" && v["properties"] != nil {
			v["additionalProperties"] = false
		}
		for _, inner := range v {
			closeObjects(inner)
		}
	case []any:
		for _, inner := range v {
			closeObjects(inner)
		}
	}
}

// follow returns what a reference stands for, and its place in the file.
func (a *openAPI) follow(t *testing.T, v any, place string) (map[string]any, string) {
	t.Helper()
	m, ok := v.(map[string]any)
	if !ok {
		t.Fatalf("there is nothing at %s", place)
	}
	ref, ok := m["$ref"].(string)
	if !ok {
		return m, place
	}
	place = strings.TrimPrefix(ref, "#")
	var at any = a.doc
	for part := range strings.SplitSeq(strings.TrimPrefix(place, "/"), "/") {
		next, ok := at.(map[string]any)[part]
		if !ok {
			t.Fatalf("%s leads nowhere", ref)
		}
		at = next
	}
	return at.(map[string]any), place
}

func escape(part string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(part)
}

// operations are all, by method and path as the server names its routes.
func (a *openAPI) operations(t *testing.T) map[string]map[string]any {
	t.Helper()
	all := make(map[string]map[string]any)
	for path, item := range a.doc["paths"].(map[string]any) {
		for method, operation := range item.(map[string]any) {
			if method == "parameters" {
				continue
			}
			all[strings.ToUpper(method)+" "+path] = operation.(map[string]any)
		}
	}
	return all
}

func place(operation string, parts ...string) string {
	method, path, _ := strings.Cut(operation, " ")
	at := "/paths/" + escape(path) + "/" + strings.ToLower(method)
	for _, p := range parts {
		at += "/" + escape(p)
	}
	return at
}

// check fails unless the JSON fits the schema at a place.
func (a *openAPI) check(t *testing.T, place string, body []byte) {
	t.Helper()
	schema, err := a.compiler.Compile(openAPIFile + "#" + place)
	if err != nil {
		t.Errorf("%s: %v", place, err)
		return
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		t.Errorf("%s: %q is not JSON: %v", place, body, err)
		return
	}
	if err := schema.Validate(value); err != nil {
		t.Errorf("%s: %s: %v", place, body, err)
	}
}

// Every route of the server stands in the file, and every operation of the file
// is a route. The site is not part of the API.
func TestOpenAPI_has_every_route(t *testing.T) {
	operations := loadOpenAPI(t).operations(t)
	var routes []string
	for _, command := range commands(t) {
		if routePattern.MatchString(command) && command != site {
			routes = append(routes, command)
		}
	}
	slices.Sort(routes)
	if documented := slices.Sorted(maps.Keys(operations)); !slices.Equal(routes, documented) {
		t.Errorf("the server has %q,\nthe file has %q", routes, documented)
	}
}

// Each response's x-codes are the codes of the table of errors with its status,
// and each code has its response.
func TestOpenAPI_has_every_error(t *testing.T) {
	a := loadOpenAPI(t)
	want := make(map[int][]string)
	for _, k := range protocol.Codes() {
		if k.Status != 0 {
			want[k.Status] = append(want[k.Status], string(k.Code))
		}
	}
	got := make(map[int][]string)
	for name, response := range a.doc["components"].(map[string]any)["responses"].(map[string]any) {
		codes := xCodes(t, response)
		if len(codes) == 0 {
			t.Fatalf("%s has no codes", name)
		}
		got[protocol.Errorf(protocol.Code(codes[0]), "").Kind().Status] = codes
	}
	for status, codes := range want {
		if !slices.Equal(codes, got[status]) {
			t.Errorf("%d: the table has %q, the file %q", status, codes, got[status])
		}
	}
	if len(got) != len(want) {
		t.Errorf("the file has responses for %d statuses, the table %d", len(got), len(want))
	}
}

// A method that a path lacks is answered as is written down.
func TestOpenAPI_method_not_allowed(t *testing.T) {
	r := serve(t).request("PUT", "/v1/topics", "")
	body, err := io.ReadAll(r.Body)
	must(t, err)
	if r.StatusCode != http.StatusMethodNotAllowed || r.Header.Get("Allow") != "GET" {
		t.Errorf("status %d, Allow %q", r.StatusCode, r.Header.Get("Allow"))
	}
	loadOpenAPI(t).check(t, "/components/responses/NotAllowed/content/application~1json/schema", body)
}

// The types of messages in the file are those that there are.
func TestOpenAPI_has_every_message(t *testing.T) {
	a := loadOpenAPI(t)
	types := func(schema string) []string {
		var all []string
		at, _ := a.follow(t, map[string]any{"$ref": "#/components/schemas/" + schema + "/properties/type"}, "")
		for _, name := range at["enum"].([]any) {
			all = append(all, name.(string))
		}
		slices.Sort(all)
		return all
	}
	said := []string{protocol.TypePing, protocol.TypePong, protocol.TypeHistory}
	understood := slices.DeleteFunc(commands(t), routePattern.MatchString)
	for _, name := range literals(t, "../../protocol/message.go") {
		if regexp.MustCompile(`^[a-z]+$`).MatchString(name) && !slices.Contains(understood, name) {
			said = append(said, name)
		}
	}
	slices.Sort(said)
	if got := types("Message"); !slices.Equal(got, said) {
		t.Errorf("the server says %q, the file has %q", said, got)
	}
	batch := []string{protocol.TypeHello, protocol.TypeHistory, protocol.TypePing, protocol.TypePong, protocol.TypePublish}
	if got := types("Command"); !slices.Equal(got, batch) {
		t.Errorf("ROAD-4 has %q, the file %q", batch, got)
	}
}

func xCodes(t *testing.T, response any) []string {
	t.Helper()
	var codes []string
	listed, _ := response.(map[string]any)["x-codes"].([]any)
	for _, c := range listed {
		codes = append(codes, c.(string))
	}
	return codes
}
