package main

import (
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"
)

// TestFaults drives a server's own faults as a developer does: over the address
// that the application uses.
func TestFaults(t *testing.T) {
	server := start(t, t.TempDir(), "127.0.0.1:0", "--faults", "--base-path", "/realtime")
	url := "http://" + server.addr + "/realtime"
	ask := func(method, path, body string, wantStatus int) string {
		t.Helper()
		req, err := http.NewRequest(method, url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != wantStatus {
			t.Errorf("%s %s: %s, %s, %v", method, path, resp.Status, text, err)
		}
		return string(text)
	}
	publish := func(flags ...string) (string, error) {
		out, err := exec.Command("tutti", append([]string{"publish", "room", "1", "--url", url}, flags...)...).CombinedOutput()
		return string(out), err
	}

	if out, err := publish(); err != nil || out != "1\n" {
		t.Fatalf("%s, %v", out, err)
	}
	// A network that answers everything itself leaves its control alone.
	ask("POST", "/v1/faults/rules", `{"id": "portal", "fault": {"portal": {}}}`, 200)
	if text := ask("GET", "/healthz", "", 200); !strings.Contains(text, "Log in") {
		t.Errorf("the portal says %q", text)
	}
	if out, err := publish("--timeout", "100ms"); err == nil || !strings.Contains(out, "timeout") {
		t.Errorf("%s, %v", out, err)
	}
	ask("DELETE", "/v1/faults/rules/portal", "", 200)
	if out, err := publish(); err != nil || out != "2\n" {
		t.Errorf("%s, %v", out, err)
	}
	if text := ask("GET", "/v1/faults/stats", "", 200); !strings.Contains(text, `"portal":`) {
		t.Errorf("the counts are %s", text)
	}
	ask("PUT", "/v1/faults/rules", `[{"fault": {"puase": true}}]`, 400)

	ask("PUT", "/v1/faults/disk", `{"full": true}`, 200)
	if out, err := publish("--timeout", "100ms"); err == nil || !strings.Contains(out, "timeout") {
		t.Errorf("on a full disk: %s, %v", out, err)
	}
	ask("PUT", "/v1/faults/disk", `{"full": false}`, 200)
	if out, err := publish(); err != nil || !strings.HasSuffix(out, "\n") {
		t.Errorf("when there is room again: %s, %v", out, err)
	}
	ask("PUT", "/v1/faults/disk", `full`, 400)
	ask("DELETE", "/v1/faults/disk", "", 405)
	ask("GET", "/v1/faults", "", 404)
}
