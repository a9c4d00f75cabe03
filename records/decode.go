package records

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/protocol"
)

const form = `{"op": "set", "patch" or "delete", "key", …}, or {"op": "batch", "ops": […]}, with the members that its kind has`

// members are the members that operations of all kinds have. What is left out is
// nil.
type members struct {
	Op       string                    `json:"op"`
	Key      *string                   `json:"key"`
	Value    map[string]jsontext.Value `json:"value"`
	Set      map[string]jsontext.Value `json:"set"`
	Unset    []string                  `json:"unset"`
	If       []wireCondition           `json:"if"`
	IfUnseen *Unseen                   `json:"ifUnseen"`
	Own      *bool                     `json:"own"`
	Ops      []members                 `json:"ops"`
}

func (kind) Decode(data []byte) (doc.Op, error) {
	var m members
	if err := doc.Decode(data, &m, form); err != nil {
		return nil, err
	}
	if m.Op != "batch" {
		s, err := m.step()
		if err != nil {
			return nil, err
		}
		return steps{s}, nil
	}
	return m.batch()
}

func (m *members) batch() (doc.Op, error) {
	if m.Key != nil || m.Value != nil || m.guarded() || m.Set != nil || m.Unset != nil || len(m.Ops) == 0 || len(m.Ops) > MaxOps {
		return nil, bad(`A batch is {"op": "batch", "ops": 1 to %d operations}.`, MaxOps)
	}
	all := make(steps, len(m.Ops))
	for i := range m.Ops {
		var err error
		if all[i], err = m.Ops[i].step(); err != nil {
			return nil, all.name(i, err)
		}
	}
	return all, nil
}

func (m *members) step() (step, error) {
	s := step{kind: m.Op, reject: m.IfUnseen != nil, own: m.Own != nil}
	switch m.Op {
	case "set":
		if m.Value == nil || m.Set != nil || m.Unset != nil || m.Ops != nil {
			return s, bad(`A set is {"op": "set", "key", "value": {…}}, with "if", "ifUnseen", "own".`)
		}
	case "patch":
		if m.Value != nil || m.Ops != nil || len(m.Set)+len(m.Unset) == 0 {
			return s, bad(`A patch is {"op": "patch", "key", "set": {…}, "unset": […]} with at least one field, and "if", "ifUnseen", "own".`)
		}
	case "delete":
		if m.Value != nil || m.Set != nil || m.Unset != nil || m.Ops != nil {
			return s, bad(`A delete is {"op": "delete", "key"}, with "if", "ifUnseen", "own".`)
		}
	default:
		return s, bad("An operation is %s; %.40q is no op.", form, m.Op)
	}
	if m.Key == nil {
		return s, bad("An operation on a record has a key.")
	}
	if err := checkKey(*m.Key); err != nil {
		return s, err
	}
	s.key = *m.Key
	if err := m.fields(&s); err != nil {
		return s, err
	}
	return s, m.guards(&s)
}

func (m *members) fields(s *step) error {
	s.fields = make([]field, 0, len(m.Value)+len(m.Set)+len(m.Unset))
	for name, value := range m.Value {
		s.fields = append(s.fields, field{name: name, value: value})
	}
	for name, value := range m.Set {
		s.fields = append(s.fields, field{name: name, value: value})
	}
	for _, name := range m.Unset {
		s.fields = append(s.fields, field{name: name})
	}
	sortByName(s.fields)
	for i := range s.fields {
		if len(s.fields[i].name) > MaxKeyBytes {
			return bad("A field's name has up to %d bytes of UTF-8.", MaxKeyBytes)
		}
		if i > 0 && s.fields[i].name == s.fields[i-1].name {
			return bad("No field stands in a patch twice.")
		}
	}
	return nil
}

func (m *members) guarded() bool { return m.If != nil || m.IfUnseen != nil || m.Own != nil }

func (m *members) guards(s *step) error {
	if m.IfUnseen != nil && *m.IfUnseen != Reject {
		return bad(`ifUnseen is "reject".`)
	}
	if m.Own != nil && !*m.Own {
		return bad("own is true.")
	}
	if len(m.If) > MaxConditions {
		return bad("if holds up to %d conditions.", MaxConditions)
	}
	for i := range m.If {
		c, err := m.If[i].condition()
		if err != nil {
			return err
		}
		s.conditions = append(s.conditions, c)
	}
	return nil
}

func checkKey(key string) error {
	if key == "" || len(key) > MaxKeyBytes || !utf8.ValidString(key) || strings.ContainsFunc(key, unicode.IsControl) {
		return bad("A key has 1 to %d bytes of UTF-8 without control characters.", MaxKeyBytes)
	}
	return nil
}

func bad(format string, args ...any) error {
	return protocol.Errorf(protocol.BadOperation, format, args...)
}
