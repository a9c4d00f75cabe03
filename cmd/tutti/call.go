package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/tuttisync/tutti/protocol"
)

func eventsPath(topic string) string { return "/v1/topics/" + url.PathEscape(topic) + "/events" }

// call makes one request with body (nil: none) as JSON, and reads the answer
// into told. An error that the server told comes back as such.
func (r *remote) call(ctx context.Context, method, path string, header http.Header, body, told any) error {
	var payload io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return err
		}
		payload = bytes.NewReader(encoded)
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(r.address(), "/")+path, payload)
	if err != nil {
		return err
	}
	for name, values := range header {
		req.Header[name] = values
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if token := r.bearer(); token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	var failed struct {
		Error *protocol.Error `json:"error"`
	}
	if err := json.Unmarshal(answer, &failed); err != nil {
		return fmt.Errorf("the answer (%s) is not tutti's: %w", resp.Status, err)
	}
	if failed.Error != nil {
		return failed.Error
	}
	return json.Unmarshal(answer, told)
}
