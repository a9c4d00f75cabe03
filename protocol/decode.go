package protocol

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Split takes a frame apart: it holds one message, or a JSON array of
// messages. It returns bad_frame when the frame is not valid JSON of that form
// (rule FRAME-1). The values alias the frame.
func Split(frame []byte) ([]jsontext.Value, error) {
	if err := checkJSON(frame); err != nil {
		return nil, Errorf(BadFrame, "The frame is not JSON: %s", AsError(err).Message)
	}
	trimmed := jsontext.Value(bytes.TrimSpace(frame))
	switch trimmed.Kind() {
	case '{':
		return []jsontext.Value{trimmed}, nil
	case '[':
		var all []jsontext.Value
		if err := json.Unmarshal(trimmed, &all); err != nil {
			return nil, Errorf(BadFrame, "")
		}
		for _, v := range all {
			if v.Kind() != '{' {
				return nil, Errorf(BadFrame, "A message is a JSON object.")
			}
		}
		return all, nil
	}
	return nil, Errorf(BadFrame, "A frame holds a JSON object or an array of them.")
}

func checkJSON(b []byte) error {
	if jsontext.Value(b).IsValid() {
		return nil
	}
	return whyNoJSON(b)
}

// whyNoJSON tells what is wrong with what is not one JSON value.
func whyNoJSON(b []byte) error {
	dec := jsontext.NewDecoder(bytes.NewBuffer(b))
	if err := dec.SkipValue(); err != nil {
		return jsonError(err)
	}
	if _, err := dec.ReadToken(); err == nil {
		return Errorf(BadMessage, "There is more than one JSON value.")
	} else if !errors.Is(err, io.EOF) {
		return jsonError(err)
	}
	return Errorf(BadMessage, "")
}

// jsonError tells what is wrong with some JSON, without quoting it.
func jsonError(err error) error {
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	var syn *jsontext.SyntacticError
	if errors.As(err, &syn) {
		return Errorf(BadMessage, "Not valid JSON at byte %d: %v.", syn.ByteOffset, syn.Err)
	}
	var sem *json.SemanticError
	if errors.As(err, &sem) && sem.JSONPointer != "" {
		return Errorf(BadMessage, "The field %.80s has the wrong shape.", sem.JSONPointer)
	}
	return Errorf(BadMessage, "")
}

// BadCommand is the error of a message that could not be understood, with
// what could be read of it, so that the answer reaches whoever waits for it.
type BadCommand struct {
	Err    *Error
	Type   string
	ID     uint64
	Topic  string
	Client string
	Seq    uint64
}

func (b *BadCommand) Error() string { return fmt.Sprintf("%s: %v", b.Type, b.Err) }

func (b *BadCommand) Unwrap() error { return b.Err }

// head is what can be told of a message before it is understood.
type head struct {
	Type   jsontext.Value `json:"type"`
	ID     jsontext.Value `json:"id"`
	Topic  jsontext.Value `json:"topic"`
	Client jsontext.Value `json:"client"`
	Seq    jsontext.Value `json:"seq"`
}

// lenient reads a field for an error's answer, leaving out what has the wrong
// shape.
func lenient[T any](v jsontext.Value) T {
	var t T
	if v == nil || json.Unmarshal(v, &t) != nil {
		var zero T
		return zero
	}
	return t
}

// DecodeCommand reads one message of a client: *Hello, *Auth, *Prove,
// *Subscribe, *Unsubscribe, *Publish, *History, *Ping, *Pong, or one about
// presence (*Watch to *Signal), valid in every field.
// Otherwise it returns a *BadCommand. Members that it does not know are
// passed over, so that newer clients can speak to older servers. The result
// owns its memory.
func DecodeCommand(message jsontext.Value, limits Limits) (any, error) {
	if bytes.HasPrefix(message, publishPrefix) {
		// What there is most of is read once, not first for its type. A message
		// says its type once, so it is this one; what is wrong is told below.
		if p, err := decodeAs[Publish](message); err == nil && p.check(limits) == nil {
			return p, nil
		}
	}
	return decodeCommand(message, limits)
}

// publishPrefix is how libraries begin a publish.
var publishPrefix = []byte(`{"type":"` + TypePublish + `",`)

func decodeCommand(message jsontext.Value, limits Limits) (any, error) {
	var h head
	err := json.Unmarshal(message, &h)
	kind := lenient[string](h.Type)
	if err == nil && h.Type != nil && h.Type.Kind() != '"' {
		err = Errorf(BadMessage, "type is a string.")
	}
	bad := func(err error) error {
		return &BadCommand{
			Err: AsError(jsonError(err)), Type: kind, ID: lenient[uint64](h.ID),
			Topic: lenient[string](h.Topic), Client: lenient[string](h.Client), Seq: lenient[uint64](h.Seq),
		}
	}
	if err != nil {
		return nil, bad(err)
	}
	var command interface{ check(Limits) error }
	switch kind {
	case TypeHello:
		command, err = decodeAs[Hello](message)
	case TypeAuth:
		command, err = decodeAs[Auth](message)
	case TypeProve:
		command, err = decodeAs[Prove](message)
	case TypeSubscribe:
		command, err = decodeAs[Subscribe](message)
	case TypeUnsubscribe:
		command, err = decodeAs[Unsubscribe](message)
	case TypePublish:
		command, err = decodeAs[Publish](message)
	case TypeHistory:
		command, err = decodeAs[History](message)
	case TypeWatch:
		command, err = decodeAs[Watch](message)
	case TypeUnwatch:
		command, err = decodeAs[Unwatch](message)
	case TypeEnter:
		command, err = decodeAs[Enter](message)
	case TypeUpdate:
		command, err = decodeAs[Update](message)
	case TypeLeave:
		command, err = decodeAs[Leave](message)
	case TypeSignal:
		command, err = decodeAs[Signal](message)
	case TypePing:
		return &Ping{}, nil
	case TypePong:
		return &Pong{}, nil
	default:
		return nil, bad(Errorf(UnknownType, "There is no message of type %.40q.", kind))
	}
	if err == nil {
		err = command.check(limits)
	}
	if err != nil {
		return nil, bad(err)
	}
	return command, nil
}

type checked[T any] interface {
	*T
	check(Limits) error
}

func decodeAs[T any, P checked[T]](message jsontext.Value) (P, error) {
	v := P(new(T))
	if err := json.Unmarshal(message, v); err != nil {
		return nil, err
	}
	return v, nil
}

func (h *Hello) check(l Limits) error {
	if err := checkProofs(h.Clients, TypeHello, l); err != nil {
		return err
	}
	if len(h.Topics) > l.Topics {
		return Errorf(LimitExceeded, "hello names %d topics; %d are allowed.", len(h.Topics), l.Topics).Of(TopicsLimit)
	}
	seen := make(map[string]bool, len(h.Topics))
	for i := range h.Topics {
		t := &h.Topics[i]
		if t.ID = 0; seen[t.Topic] {
			return Errorf(BadMessage, "hello names a topic twice.")
		}
		seen[t.Topic] = true
		if err := t.checkStart(); err != nil {
			return err
		}
	}
	return h.checkPresence(l)
}

// checkProofs looks at the clients that a message proves.
func checkProofs(clients []ClientProof, message string, l Limits) error {
	if len(clients) > l.Clients {
		return Errorf(LimitExceeded, "%s proves %d clients; %d are allowed.", message, len(clients), l.Clients).Of(ClientsLimit)
	}
	proved := make(map[Secret]bool, len(clients))
	for _, c := range clients {
		if _, err := c.Secret.Birthday(); err != nil {
			return err
		}
		if proved[c.Secret] {
			return Errorf(BadMessage, "%s proves a client twice.", message)
		}
		proved[c.Secret] = true
		if c.Run == 0 || c.Run > MaxOffset {
			return Errorf(BadMessage, "A client's run counts from 1.")
		}
	}
	return nil
}

func (p *Prove) check(l Limits) error {
	if err := checkID(p.ID); err != nil {
		return err
	}
	return checkProofs(p.Clients, TypeProve, l)
}

func (a *Auth) check(Limits) error {
	if a.Token == "" {
		return Errorf(BadMessage, "auth needs a token.")
	}
	return checkID(a.ID)
}

func (s *Subscribe) check(Limits) error {
	if err := checkID(s.ID); err != nil {
		return err
	}
	return s.checkStart()
}

func (s *Subscribe) checkStart() error {
	if s.Else != "" && s.Else != "earliest" && s.Else != "new" {
		return Errorf(BadMessage, `else is "earliest" or "new".`)
	}
	if _, ok := s.From.Position(); s.Doc != "" && !ok && !s.From.IsZero() {
		return Errorf(BadMessage, "A document is opened from a position, or without from.")
	}
	return CheckTopic(s.Topic)
}

func (u *Unsubscribe) check(Limits) error {
	if err := checkID(u.ID); err != nil {
		return err
	}
	return CheckTopic(u.Topic)
}

func (p *Publish) check(l Limits) error {
	if p.Seq == 0 || p.Seq > MaxOffset {
		return Errorf(BadMessage, "seq counts from 1.")
	}
	if p.Client != "" && len(p.Client) != ClientIDBytes {
		return Errorf(BadClient, "")
	}
	if err := CheckTopic(p.Topic); err != nil {
		return err
	}
	if err := CheckName(p.Name); err != nil {
		return err
	}
	if err := CheckKey(p.Key); err != nil {
		return err
	}
	if err := checkBase(p.Base); err != nil {
		return err
	}
	if len(p.Voids) > l.Voids {
		return Errorf(LimitExceeded, "voids holds %d ranges; %d are allowed.", len(p.Voids), l.Voids).Of(VoidsLimit)
	}
	last := uint64(0)
	for _, v := range p.Voids {
		if v[0] <= last || v[1] < v[0] || v[1] >= p.Seq {
			return Errorf(BadMessage, "voids holds ranges of seqs [first, last] below the entry's own, ascending.")
		}
		last = v[1]
	}
	if p.Data == nil {
		return Errorf(BadMessage, "publish needs data.")
	}
	if len(p.Data) > l.MessageBytes {
		return Errorf(TooLarge, "The data has %d bytes; %d are allowed.", len(p.Data), l.MessageBytes).Of(MessageBytesLimit)
	}
	return l.checkShape(p.Data)
}

func checkBase(base *uint64) error {
	if base != nil && *base > MaxOffset {
		return Errorf(BadMessage, "base is an offset.")
	}
	return nil
}

func (h *History) check(l Limits) error {
	if h.After != nil && h.Before != nil {
		return Errorf(BadMessage, "history takes after or before, not both.")
	}
	if h.Limit < 0 || h.Limit > l.Page {
		return Errorf(LimitExceeded, "A page holds at most %d entries.", l.Page).Of(PageLimit)
	}
	if err := checkID(h.ID); err != nil {
		return err
	}
	return CheckTopic(h.Topic)
}

func checkID(id uint64) error {
	if id == 0 || id > MaxOffset {
		return Errorf(BadMessage, "id is a whole number from 1.")
	}
	return nil
}
