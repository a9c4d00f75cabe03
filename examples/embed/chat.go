package main

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/tuttisync/tutti"
)

// line is what a user says in the chat.
type line struct {
	Text string `json:"text"`
}

// moderate takes lines of text only, without the blanks around them.
func moderate(_ context.Context, _ tutti.Identity, m *tutti.Message) error {
	var l line
	raw, _ := m.Data.(json.RawMessage)
	if err := json.Unmarshal(raw, &l); err != nil {
		return tutti.Reject("A chat line is {\"text\": …}.")
	}
	if l.Text = strings.TrimSpace(l.Text); l.Text == "" {
		return tutti.Reject("Say something.")
	}
	m.Data = l
	return nil
}
