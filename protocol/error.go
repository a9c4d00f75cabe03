package protocol

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Code names one kind of failure. The codes are a closed table (see [Codes]):
// the same in Go, TypeScript, JSON and spec/errors.md.
type Code string

// The codes. What each means and what to do about it stands in docs/errors.md.
const (
	BadFrame            Code = "bad_frame"
	BadMessage          Code = "bad_message"
	UnknownType         Code = "unknown_type"
	TooLarge            Code = "too_large"
	TooDeep             Code = "too_deep"
	BadTopic            Code = "bad_topic"
	BadName             Code = "bad_name"
	UnknownNamespace    Code = "unknown_namespace"
	PositionLost        Code = "position_lost"
	Unauthenticated     Code = "unauthenticated"
	BadToken            Code = "bad_token"
	TokenExpired        Code = "token_expired"
	Forbidden           Code = "forbidden"
	OriginForbidden     Code = "origin_forbidden"
	BadClient           Code = "bad_client"
	ClientExpired       Code = "client_expired"
	StaleRun            Code = "stale_run"
	Replaced            Code = "replaced"
	Gap                 Code = "gap"
	IdempotencyConflict Code = "idempotency_conflict"
	Rejected            Code = "rejected"
	HookFailed          Code = "hook_failed"
	HookTimeout         Code = "hook_timeout"
	WrongType           Code = "wrong_type"
	BadOperation        Code = "bad_operation"
	RebaseRequired      Code = "rebase_required"
	Missing             Code = "missing"
	PreconditionFailed  Code = "precondition_failed"
	OverwritesUnseen    Code = "overwrites_unseen"
	OutOfRange          Code = "out_of_range"
	LimitExceeded       Code = "limit_exceeded"
	RateLimited         Code = "rate_limited"
	Overloaded          Code = "overloaded"
	Draining            Code = "draining"
	HelloTimeout        Code = "hello_timeout"
	PingTimeout         Code = "ping_timeout"
	StoreFull           Code = "store_full"
	StoreUnavailable    Code = "store_unavailable"
	NotFound            Code = "not_found"
	MethodNotAllowed    Code = "method_not_allowed"
	Internal            Code = "internal"

	// Made by client libraries alone; never on the wire.
	Aborted       Code = "aborted"
	Timeout       Code = "timeout"
	Closed        Code = "closed"
	QueueFull     Code = "queue_full"
	StorageFailed Code = "storage_failed"
	Disconnected  Code = "disconnected"
)

// Kind is one row of the table of errors.
type Kind struct {
	Code      Code
	Status    int  // HTTP status; 0: client libraries alone
	Close     int  // WebSocket close code when it ends a connection; 0: it never does
	Retryable bool // the same thing may succeed later without a change
	Message   string
}

var kinds = []Kind{
	{BadFrame, 400, 4200, false, "The frame is not UTF-8 text that holds JSON messages."},
	{BadMessage, 400, 4201, false, "A field of the message is missing or of the wrong shape."},
	{UnknownType, 400, 0, false, "There is no message of this type."},
	{TooLarge, 413, 4202, false, "The message is larger than the server takes."},
	{TooDeep, 400, 0, false, "The data is nested deeper than the server takes."},
	{BadTopic, 400, 0, false, "A topic name is 1 to 255 bytes of UTF-8 without control characters."},
	{BadName, 400, 0, false, "An event name is 1 to 64 of A-Z a-z 0-9 _ . : - and not open, error or tutti:…."},
	{UnknownNamespace, 404, 0, false, "The topic's namespace is not configured."},
	{PositionLost, 410, 0, false, "The log no longer holds this position."},
	{Unauthenticated, 401, 4203, false, "A token is needed."},
	{BadToken, 401, 4204, false, "The token is not valid here."},
	{TokenExpired, 401, 4100, true, "The token has expired; a fresh one is needed."},
	{Forbidden, 403, 4205, false, "The identity has no right to do this."},
	{OriginForbidden, 403, 0, false, "Pages of this origin may not use this server."},
	{BadClient, 400, 4206, false, "The client is not proved by its secret."},
	{ClientExpired, 410, 0, false, "The client was away for so long that the server forgot what it had sent."},
	{StaleRun, 409, 4101, true, "The same client has connected since with a higher run."},
	{Replaced, 409, 4207, false, "The same client has connected anew and takes over."},
	{Gap, 409, 0, true, "An earlier entry of this client is missing."},
	{IdempotencyConflict, 422, 0, false, "The idempotency key was used for another body."},
	{Rejected, 422, 0, false, "The application rejected it."},
	{HookFailed, 500, 0, false, "The application's hook failed."},
	{HookTimeout, 503, 0, true, "The application's hook took too long."},
	{WrongType, 409, 0, false, "The topic is not of the type that was asked for."},
	{BadOperation, 400, 0, false, "The operation is not one of the document's type."},
	{RebaseRequired, 409, 0, true, "The operation was made on a log that the server does not have; open the document anew."},
	{Missing, 404, 0, false, "The operation needs a record that is not there."},
	{PreconditionFailed, 412, 0, false, "A condition of the operation does not hold."},
	{OverwritesUnseen, 409, 0, false, "The operation would overwrite what its author had not seen."},
	{OutOfRange, 400, 0, false, "The number would leave the range of whole numbers that are exact."},
	{LimitExceeded, 400, 4208, false, "A limit of the server was reached."},
	{RateLimited, 429, 4001, true, "Too much at once; slow down."},
	{Overloaded, 503, 4002, true, "The server is busy."},
	{Draining, 503, 4003, true, "The server is shutting down; reconnect."},
	{HelloTimeout, 408, 4004, true, "No hello arrived in time."},
	{PingTimeout, 408, 4005, true, "Nothing was heard in time."},
	{StoreFull, 507, 0, true, "The server's disk is full."},
	{StoreUnavailable, 503, 0, true, "The server's store takes no writes at present."},
	{NotFound, 404, 0, false, "There is nothing here."},
	{MethodNotAllowed, 405, 0, false, "This method is not allowed here."},
	{Internal, 500, 4006, true, "The server failed; its log says why."},
	{Aborted, 0, 0, false, "The caller took it back."},
	{Timeout, 0, 0, false, "No answer came in the time that the caller gave."},
	{Closed, 0, 0, false, "The client was closed."},
	{QueueFull, 0, 0, false, "Too much is waiting to be sent."},
	{StorageFailed, 0, 0, false, "What is to be kept could not be stored."},
	{Disconnected, 0, 0, true, "The connection was lost before the answer came."},
}

var byCode = func() map[Code]Kind {
	m := make(map[Code]Kind, len(kinds))
	for _, k := range kinds {
		m[k.Code] = k
	}
	return m
}()

// Codes returns the whole table, ordered by code. The caller owns the slice.
func Codes() []Kind {
	return slices.SortedFunc(slices.Values(kinds), func(a, b Kind) int { return cmp.Compare(a.Code, b.Code) })
}

// Error is a failure as the wire tells it: {code, message, retryable,
// retryAfter?}. Its zero value is not valid; make one with [Errorf].
type Error struct {
	Code       Code   `json:"code"`
	Message    string `json:"message"`
	Retryable  bool   `json:"retryable"`
	RetryAfter int64  `json:"retryAfter,omitzero"` // milliseconds; 0: not said
	Limit      Limit  `json:"-"`                   // that was reached, if one was; never on the wire
}

// Errorf returns an error of the table. An empty format takes the table's own
// message. A code outside the table panics: codes are constants of ours.
func Errorf(code Code, format string, args ...any) *Error {
	k, ok := byCode[code]
	if !ok {
		panic("protocol: no such error code: " + string(code))
	}
	e := &Error{Code: code, Message: k.Message, Retryable: k.Retryable}
	if format != "" {
		e.Message = fmt.Sprintf(format, args...)
	}
	return e
}

// After returns a copy of e that asks to wait for d, rounded up to whole
// milliseconds.
func (e *Error) After(d time.Duration) *Error {
	c := *e
	c.RetryAfter = int64((d + time.Millisecond - 1) / time.Millisecond)
	return &c
}

// Of returns a copy of e that says which limit was reached.
func (e *Error) Of(l Limit) *Error {
	c := *e
	c.Limit = l
	return &c
}

func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

// Is tells two errors of one code alike, whatever their texts.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// Kind returns the error's row of the table; the row of internal for a code
// that the table lacks (one that a newer server sent).
func (e *Error) Kind() Kind {
	if k, ok := byCode[e.Code]; ok {
		return k
	}
	return byCode[Internal]
}

// AsError returns err as an error of the table: itself if it is one or wraps
// one, else internal without err's text, which may tell secrets.
func AsError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return Errorf(Internal, "")
}

// KindByClose returns the row of the table with this WebSocket close code.
func KindByClose(code int) (Kind, bool) {
	for _, k := range kinds {
		if k.Close == code && code != 0 {
			return k, true
		}
	}
	return Kind{}, false
}
