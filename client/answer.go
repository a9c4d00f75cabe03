package client

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/tuttisync/tutti/client/core"
	"github.com/tuttisync/tutti/protocol"
)

// The content types of answers.
const (
	typeJSON   = "application/json"
	typeStream = "text/event-stream"
)

// maxErrorBytes is how much is read of an answer that is an error.
const maxErrorBytes = 64 << 10

// answerError is an error of the table that the server gave as an HTTP answer.
type answerError struct{ err *protocol.Error }

func (e *answerError) Error() string { return "the server answered: " + e.err.Error() }

// ask makes a request of a road, and returns the body of an answer of this
// content type. Anything else, as a captive portal gives it, is an error.
func (c *Client) ask(ctx context.Context, path string, body []byte, contentType string) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.address+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("make a request: %w", err)
	}
	for name, values := range c.options.Header {
		req.Header[name] = values
	}
	req.Header.Set("Content-Type", typeJSON)
	req.Header.Set("Accept", contentType)
	if contentType == typeStream {
		req.Header.Set("Accept-Encoding", "identity") // what is compressed may be held back
	}
	resp, err := c.posts.Do(req)
	if err != nil {
		return nil, fmt.Errorf("send a request: %w", err)
	}
	if err := checkAnswer(resp, contentType); err != nil {
		_ = resp.Body.Close()
		return nil, err
	}
	return resp.Body, nil
}

func checkAnswer(resp *http.Response, contentType string) error {
	if resp.StatusCode != http.StatusOK {
		return refusal(resp)
	}
	if got := mediaType(resp); got != contentType {
		return fmt.Errorf("read the answer: it is %.40q, not %s", got, contentType)
	}
	return nil
}

func mediaType(resp *http.Response) string {
	kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return kind
}

// refusal is the error of an answer that is no success: an answerError if the
// server has its say about this client. What only says that the server does not
// have this road, or what is among spoilt, is a failure of the road.
func refusal(resp *http.Response, spoilt ...protocol.Code) error {
	err := tableError(resp)
	switch {
	case err == nil:
		return fmt.Errorf("read the answer: the status is %s", resp.Status)
	case err.Code == protocol.NotFound, err.Code == protocol.MethodNotAllowed, slices.Contains(spoilt, err.Code):
		return fmt.Errorf("read the answer: %w", err)
	}
	return &answerError{err}
}

// tableError returns the error of the table that an answer is (rule HTTP-4), or
// nil.
func tableError(resp *http.Response) *protocol.Error {
	if mediaType(resp) != typeJSON {
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBytes))
	if err != nil {
		return nil
	}
	var said struct {
		Error *protocol.Error `json:"error"`
	}
	if json.Unmarshal(body, &said) != nil || said.Error == nil || said.Error.Kind().Code != said.Error.Code {
		return nil
	}
	return said.Error
}

// askOnce makes a request whose answer is one array of messages.
func (c *Client) askOnce(ctx context.Context, path string, body []byte) ([]any, error) {
	answer, err := c.ask(ctx, path, body, typeJSON)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Close() }()
	raw, err := io.ReadAll(io.LimitReader(answer, c.options.ReadLimit+1))
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	if int64(len(raw)) > c.options.ReadLimit {
		return nil, fmt.Errorf("read the answer: it is longer than %d bytes", c.options.ReadLimit)
	}
	return decodeFrame(raw)
}

func decodeFrame(frame []byte) ([]any, error) {
	raw, err := protocol.Split(frame)
	if err != nil {
		return nil, fmt.Errorf("read a frame: %w", err)
	}
	messages := make([]any, 0, len(raw))
	for _, r := range raw {
		m, err := core.DecodeMessage(r)
		if err != nil {
			return nil, fmt.Errorf("read a message: %w", err)
		}
		messages = append(messages, m)
	}
	return messages, nil
}
