// Package auth answers two questions: who is this, and may they do it?
//
// A [Verifier] turns a token (a JWT signed with HS256 or EdDSA) into an
// [Identity]: a user, when their rights end, and what they may do where. A
// [Policy] judges one act of an identity on one topic. Its [Policy.Allow] is
// the only place where rights are decided; every transport and every command
// passes it.
//
//	verifier, err := auth.NewVerifier(auth.Config{Keys: []auth.Key{{Alg: auth.HS256, Secret: secret}}})
//	policy, err := auth.NewPolicy(auth.PolicyConfig{Namespaces: map[string][]auth.Verb{"chat": nil}})
//
//	id, err := verifier.Verify(token, now)
//	err = policy.Allow(id, auth.Publish, "chat:lobby", now)
//
// Nothing here reads a clock, blocks or keeps state: Verify and Allow are
// functions of their arguments and safe for concurrent use. What they refuse
// is a [*protocol.Error] of the closed table; its text never holds any part of
// a token or a key.
package auth
