package road

import "github.com/tuttisync/tutti/protocol"

// topic is one subscription of the connection's.
type topic struct {
	name     string
	from     protocol.From // as it was asked for; once it was granted, behind what was passed on
	fallback string        // its else
	doc      string        // opened as a document of this type
	asked    bool          // the latest subscribe, or hello's, is not answered
	id       uint64        // that subscribe's; 0: hello's
	live     bool          // one was granted
}

func (m *Machine) subscribe(s protocol.Subscribe) {
	t := m.topic(s.Topic)
	if t == nil {
		t = &topic{name: s.Topic}
		m.topics = append(m.topics, t)
	}
	t.from, t.fallback, t.doc, t.asked, t.id = s.From, s.Else, s.Doc, true, s.ID
}
