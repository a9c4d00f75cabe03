package hub

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/protocol"
)

// maxHooks bounds the hooks that run at once, those given up among them.
const maxHooks = 1024

// Hooks are the application's say. Each may be nil. One that panics or is
// late fails its own command alone.
type Hooks struct {
	// Authenticate takes the place of Config.Identify. The token that hello
	// brought stands in the request's header Authorization.
	Authenticate func(ctx context.Context, r *http.Request) (auth.Identity, error)

	Authorize func(ctx context.Context, identity auth.Identity, verb auth.Verb, topic string) error
	Publish   func(ctx context.Context, identity auth.Identity, m *Message) error
	Occupancy func(ctx context.Context, o Occupancy) error
	Timeout   time.Duration // of each call; must be set
}

func (h *Hooks) publishing() bool { return h.Authorize != nil || h.Publish != nil }

// AsksRequests says whether Accept needs the request that opened a connection.
func (h *Hub) AsksRequests() bool { return h.config.Hooks.Authenticate != nil }

// Message is what the hook Publish may look at and replace: all but its topic.
type Message struct {
	Topic string
	Name  string
	Key   string
	Data  []byte
}

// allow is the one place where rights are judged, for every command on every
// road (rule AUTH-2).
func (h *Hub) allow(ctx context.Context, identity auth.Identity, verb auth.Verb, topic string) error {
	if err := h.config.Policy.Allow(identity, verb, topic, h.now()); err != nil {
		return err
	}
	authorize := h.config.Hooks.Authorize
	if authorize == nil {
		return nil
	}
	return h.hook(ctx, "Authorize", protocol.Forbidden, func(ctx context.Context) error {
		return authorize(ctx, identity, verb, topic)
	})
}

// mayPublish judges rights, then asks the hook, which may replace the message.
func (h *Hub) mayPublish(ctx context.Context, t *Topic, identity auth.Identity, base *uint64, m *Message) error {
	if err := h.allow(ctx, identity, t.verb(), m.Topic); err != nil {
		return err
	}
	if err := t.fits(m, base); err != nil {
		return err
	}
	publish := h.config.Hooks.Publish
	if publish == nil {
		return nil
	}
	own := *m // a hook that is given up keeps writing to its own
	err := h.hook(ctx, "OnPublish", protocol.Rejected, func(ctx context.Context) error {
		return publish(ctx, identity, &own)
	})
	if err != nil {
		return err
	}
	err = errors.Join(protocol.CheckName(own.Name), protocol.CheckKey(own.Key), h.config.Session.Limits.CheckData(own.Data))
	if err == nil {
		err = t.replaced(m, &own, base)
	}
	if err != nil {
		h.config.Logger.Error("hook made a bad message", "hook", "OnPublish", "topic", m.Topic, "error", err)
		return protocol.Errorf(protocol.HookFailed, "")
	}
	m.Name, m.Key, m.Data = own.Name, own.Key, own.Data
	return nil
}

// Identify finds the identity behind a token. request is the one that opened
// the connection; secret is that of the first client that hello proves, or
// empty.
func (h *Hub) Identify(ctx context.Context, request *http.Request, token string, secret protocol.Secret) (auth.Identity, error) {
	authenticate := h.config.Hooks.Authenticate
	if authenticate == nil {
		return h.config.Identify(token, secret)
	}
	r := request.Clone(ctx)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	found := make(chan auth.Identity, 1)
	err := h.hook(ctx, "Authenticate", protocol.BadToken, func(ctx context.Context) error {
		identity, err := authenticate(ctx, r)
		found <- identity
		return err
	})
	if err != nil {
		return auth.Identity{}, err
	}
	identity := <-found
	if err := identity.Check(); err != nil {
		h.config.Logger.Error("hook made a bad identity", "hook", "Authenticate", "error", err)
		return auth.Identity{}, protocol.Errorf(protocol.HookFailed, "")
	}
	return identity, nil
}

// hook runs a hook, bounded in time. An error of the table is passed on; of
// another the peer is told the code alone.
func (h *Hub) hook(ctx context.Context, name string, code protocol.Code, call func(context.Context) error) error {
	select {
	case h.hooks <- struct{}{}:
	default:
		return protocol.Errorf(protocol.Overloaded, "Too many of the application's hooks are running.").After(time.Second)
	}
	ctx, cancel := context.WithTimeout(ctx, h.config.Hooks.Timeout)
	defer cancel()
	tooLong := func() error {
		h.config.Logger.Warn("hook took too long", "hook", name)
		return protocol.Errorf(protocol.HookTimeout, "").After(time.Second)
	}
	result := make(chan error, 1)
	h.spawn(func() {
		defer func() { <-h.hooks }()
		result <- h.guard(ctx, name, call)
	})
	select {
	case err := <-result:
		var own *protocol.Error
		if err == nil {
			return nil
		}
		if errors.As(err, &own) && own.Kind().Status != 0 {
			return own
		}
		if ctx.Err() != nil {
			return tooLong()
		}
		h.config.Logger.Info("hook refused", "hook", name, "error", err)
		return protocol.Errorf(code, "")
	case <-ctx.Done():
		return tooLong()
	}
}

func (h *Hub) guard(ctx context.Context, name string, call func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			h.config.Logger.Error("hook panicked", "hook", name, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = protocol.Errorf(protocol.HookFailed, "")
		}
	}()
	return call(ctx)
}
