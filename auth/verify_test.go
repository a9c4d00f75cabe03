package auth_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"pgregory.net/rapid"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/protocol"
)

var (
	secretKey = auth.Key{Kid: "s", Alg: auth.HS256, Secret: []byte("0123456789abcdef0123456789abcdef")}
	otherKey  = auth.Key{Kid: "o", Alg: auth.HS256, Secret: []byte("another secret of 32 bytes, this")}
	plainKey  = auth.Key{Alg: auth.HS256, Secret: []byte("a secret without a kid, 32 bytes")}
	pairKey   = auth.Key{Kid: "e", Alg: auth.EdDSA, Private: ed25519.NewKeyFromSeed([]byte("0123456789abcdef0123456789abcdef"))}
	publicKey = auth.Key{Kid: "e", Alg: auth.EdDSA, Public: pairKey.Private.Public().(ed25519.PublicKey)}
)

// raw signs any header and claims by the library alone.
func raw(t testing.TB, method jwt.SigningMethod, key any, header map[string]any, claims string) string {
	t.Helper()
	h := map[string]any{"alg": method.Alg()}
	for k, v := range header {
		h[k] = v
	}
	text, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	signed := base64.RawURLEncoding.EncodeToString(text) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
	signature, err := method.Sign(signed, key)
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func TestVerify_AUTH1(t *testing.T) {
	verifier, err := auth.NewVerifier(auth.Config{
		Keys: []auth.Key{secretKey, otherKey, plainKey, publicKey}, Issuer: "iss", Audience: "tutti", Leeway: 10 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	unix := now.Unix()
	body := func(more string) string { return `{"iss":"iss","aud":"tutti","sub":"alice"` + more + `}` }
	hs := func(kid any, claims string) string {
		header := map[string]any{}
		if kid != nil {
			header["kid"] = kid
		}
		return raw(t, jwt.SigningMethodHS256, secretKey.Secret, header, claims)
	}
	good := hs("s", body(""))
	const ok = protocol.Code("")
	for _, c := range []struct {
		name, token string
		want        protocol.Code
	}{
		{"named key", good, ok},
		{"no kid: every key of the algorithm", hs(nil, body("")), ok},
		{"another key's kid", hs("o", body("")), protocol.BadToken},
		{"unknown kid", hs("x", body("")), protocol.BadToken},
		{"unknown kid, key without one", raw(t, jwt.SigningMethodHS256, plainKey.Secret, map[string]any{"kid": "x"}, body("")), ok},
		{"kid is no string", hs(7, body("")), protocol.BadToken},
		{"critical extension", raw(t, jwt.SigningMethodHS256, secretKey.Secret, map[string]any{"crit": []string{"b64"}}, body("")), protocol.BadToken},
		{"EdDSA", raw(t, jwt.SigningMethodEdDSA, pairKey.Private, map[string]any{"kid": "e"}, body("")), ok},
		{"HMAC by the public key", raw(t, jwt.SigningMethodHS256, []byte(publicKey.Public), map[string]any{"kid": "e"}, body("")), protocol.BadToken},
		{"alg none", raw(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil, body("")), protocol.BadToken},
		{"HS512", raw(t, jwt.SigningMethodHS512, secretKey.Secret, map[string]any{"kid": "s"}, body("")), protocol.BadToken},
		{"unknown alg", strings.Replace(good, good[:strings.IndexByte(good, '.')], base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"XX"}`)), 1), protocol.BadToken},
		{"another secret", raw(t, jwt.SigningMethodHS256, []byte("guess"), map[string]any{"kid": "s"}, body("")), protocol.BadToken},

		{"empty", "", protocol.BadToken},
		{"not a JWT", "a.b", protocol.BadToken},
		{"four parts", good + ".x", protocol.BadToken},
		{"cut", good[:len(good)-3], protocol.BadToken},
		{"too long", good + strings.Repeat("A", auth.MaxTokenBytes), protocol.BadToken},
		{"claims are null", hs("s", "null"), protocol.BadToken},
		{"claims are a list", hs("s", "[]"), protocol.BadToken},

		{"no sub", hs("s", `{"iss":"iss","aud":"tutti"}`), protocol.BadToken},
		{"empty sub", hs("s", `{"iss":"iss","aud":"tutti","sub":""}`), protocol.BadToken},
		{"claims are told by their exact names", hs("s", `{"iss":"iss","aud":"tutti","Sub":"alice"}`), protocol.BadToken},
		{"sub is a number", hs("s", `{"iss":"iss","aud":"tutti","sub":1}`), protocol.BadToken},
		{"sub holds a control character", hs("s", `{"iss":"iss","aud":"tutti","sub":"a\nb"}`), protocol.BadToken},
		{"other issuer", hs("s", `{"iss":"x","aud":"tutti","sub":"a"}`), protocol.BadToken},
		{"no issuer", hs("s", `{"aud":"tutti","sub":"a"}`), protocol.BadToken},
		{"other audience", hs("s", `{"iss":"iss","aud":"x","sub":"a"}`), protocol.BadToken},
		{"no audience", hs("s", `{"iss":"iss","sub":"a"}`), protocol.BadToken},
		{"one audience of several", hs("s", `{"iss":"iss","aud":["x","tutti"],"sub":"a"}`), ok},

		{"expired within the leeway", hs("s", body(fmt.Sprintf(`,"exp":%d`, unix-9))), ok},
		{"expired", hs("s", body(fmt.Sprintf(`,"exp":%d`, unix-10))), protocol.TokenExpired},
		{"expired and not ours", raw(t, jwt.SigningMethodHS256, []byte("guess"), nil, body(`,"exp":1`)), protocol.BadToken},
		{"expired and of another issuer", hs("s", `{"iss":"x","aud":"tutti","sub":"a","exp":1}`), protocol.BadToken},
		{"not yet, within the leeway", hs("s", body(fmt.Sprintf(`,"nbf":%d`, unix+10))), ok},
		{"not yet", hs("s", body(fmt.Sprintf(`,"nbf":%d`, unix+11))), protocol.BadToken},
		{"exp is a string", hs("s", body(`,"exp":"1"`)), protocol.BadToken},
		{"exp past all calendars", hs("s", body(`,"exp":1e300`)), protocol.BadToken},
		{"exp is negative", hs("s", body(`,"exp":-1`)), protocol.BadToken},
		{"exp is null", hs("s", body(`,"exp":null`)), ok},
		{"issued in the future", hs("s", body(fmt.Sprintf(`,"iat":%d`, unix+1000))), ok},
		{"iat is no time", hs("s", body(`,"iat":true`)), protocol.BadToken},

		{"grants", hs("s", body(`,"grants":[{"topics":"chat:*","verbs":["read"]}]`)), ok},
		{"grants is no list", hs("s", body(`,"grants":{"topics":"chat:*"}`)), protocol.BadToken},
		{"unknown verb", hs("s", body(`,"grants":[{"topics":"chat:*","verbs":["reed"]}]`)), protocol.BadToken},
		{"inner wildcard", hs("s", body(`,"grants":[{"topics":"*:a","verbs":["read"]}]`)), protocol.BadToken},
		{"long name", hs("s", body(`,"name":"`+strings.Repeat("n", 129)+`"`)), protocol.BadToken},
	} {
		t.Run(c.name, func(t *testing.T) {
			id, err := verifier.Verify(c.token, now)
			if got := codeOf(t, err); got != c.want {
				t.Fatalf("Verify = %v, want %q", err, c.want)
			}
			if err != nil && !reflect.ValueOf(id).IsZero() {
				t.Errorf("refused, but the identity is %+v", id)
			}
		})
	}
}

func TestVerify_tells_what_is_wrong(t *testing.T) {
	verifier, err := auth.NewVerifier(auth.Config{Keys: []auth.Key{secretKey}, Issuer: "us"})
	if err != nil {
		t.Fatal(err)
	}
	hs := func(kid, claims string) string {
		return raw(t, jwt.SigningMethodHS256, secretKey.Secret, map[string]any{"kid": kid}, claims)
	}
	for _, c := range []struct{ token, want string }{
		{"x", "The token is not a well-formed JWT."},
		{strings.Repeat("x", 9000), "The token has 9000 bytes; 8192 are allowed."},
		{hs("none", `{}`), "No key is configured for the token's alg and kid."},
		{hs("s", `{"exp":"soon"}`), "The token's claim exp has the wrong shape."},
		{hs("s", `{"iss":"them"}`), "The token was not issued by, or not for, whom this server expects."},
		{hs("s", `{"iss":"us","nbf":99999999999}`), "The token is not valid yet."},
		{hs("s", `{"iss":"us"}`), "The token has no sub."},
		{hs("s", `{"iss":"us","sub":"a","grants":[{"topics":"a"}]}`), "The token's grants[0].verbs is empty."},
		{raw(t, jwt.SigningMethodHS256, []byte("guess"), map[string]any{"kid": "s"}, `{}`), "The token is not signed with HS256 or EdDSA by a key of this server's."},
	} {
		_, err := verifier.Verify(c.token, now)
		if err == nil || protocol.AsError(err).Message != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

func TestVerify_leeway_extends_the_identity(t *testing.T) {
	verifier, _ := auth.NewVerifier(auth.Config{Keys: []auth.Key{secretKey}, Leeway: time.Minute})
	token, err := auth.Sign(secretKey, auth.Identity{Sub: "a"}, now, -30*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	id, err := verifier.Verify(token, now)
	if err != nil {
		t.Fatal(err)
	}
	if want := now.Add(30 * time.Second); !id.Expires.Equal(want) {
		t.Errorf("Expires is %v, want %v: what Verify takes, Allow must take", id.Expires, want)
	}
}

func TestSign_and_Verify_agree(t *testing.T) {
	cfg := auth.Config{Keys: []auth.Key{publicKey, secretKey}, Issuer: "iss", Audience: "tutti"}
	name := rapid.StringMatching(`[a-zA-Zéß😀"\\{}*: ]{1,20}`)
	grant := rapid.Custom(func(t *rapid.T) auth.Grant {
		return auth.Grant{
			Topics: rapid.StringMatching(`[a-z:{}]{1,10}\*?`).Draw(t, "topics"),
			Verbs:  rapid.SliceOfNDistinct(rapid.SampledFrom(auth.Verbs()), 1, -1, rapid.ID).Draw(t, "verbs"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		cfg := cfg
		if rapid.Bool().Draw(t, "pair") {
			cfg.Keys = []auth.Key{pairKey, otherKey}
		}
		id := auth.Identity{Sub: name.Draw(t, "sub"), Name: name.Draw(t, "name")}
		if g := rapid.SliceOfN(grant, 0, 4).Draw(t, "grants"); len(g) > 0 {
			id.Grants = g
		}
		ttl := time.Duration(rapid.Int64Range(0, 1e6).Draw(t, "ttl")) * time.Millisecond
		token, err := cfg.Sign(id, now, ttl)
		if err != nil {
			t.Fatal(err)
		}
		verifier, err := auth.NewVerifier(cfg)
		if err != nil {
			t.Fatal(err)
		}
		got, err := verifier.Verify(token, now)
		if err != nil {
			t.Fatal(err)
		}
		if ttl > 0 {
			if !got.Expires.Equal(now.Add(ttl)) {
				t.Fatalf("expires %v, want %v", got.Expires, now.Add(ttl))
			}
			if _, err := verifier.Verify(token, now.Add(ttl)); codeOf(t, err) != protocol.TokenExpired {
				t.Fatalf("after its time: %v", err)
			}
		}
		got.Expires = time.Time{}
		if !reflect.DeepEqual(got, id) {
			t.Fatalf("got %+v, want %+v", got, id)
		}
	})
}

func TestSign_refuses(t *testing.T) {
	alice := auth.Identity{Sub: "alice"}
	many := auth.Identity{Sub: "alice"}
	for range 200 {
		many.Grants = append(many.Grants, auth.FullRights()...)
	}
	for _, c := range []struct {
		name string
		key  auth.Key
		id   auth.Identity
		want string
	}{
		{"anonymous", secretKey, auth.Identity{}, "auth: a token needs a sub"},
		{"bad grant", secretKey, auth.Identity{Sub: "a", Grants: []auth.Grant{{}}}, "auth: sign token: grants[0].topics is empty"},
		{"public key", publicKey, alice, "auth: no key can sign: it takes an HS256 secret or an EdDSA private key"},
		{"short secret", auth.Key{Alg: auth.HS256, Secret: []byte("short")}, alice, "auth: sign token: the secret has 5 bytes; HS256 needs at least 32"},
		{"too many grants", secretKey, many, "auth: the token would have 20975 bytes; 8192 are allowed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := auth.Sign(c.key, c.id, now, time.Hour); err == nil || err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func FuzzVerify(f *testing.F) {
	cfg := auth.Config{Keys: []auth.Key{secretKey, publicKey}}
	verifier, err := auth.NewVerifier(cfg)
	if err != nil {
		f.Fatal(err)
	}
	for _, claims := range []string{
		`{"sub":"alice","name":"A","exp":1e300,"grants":[{"topics":"chat:*","verbs":["read"]}]}`,
		`{"sub":"a","exp":1795521600.5,"nbf":0,"iat":null,"aud":["x",1]}`,
		`null`, `{"sub":{}}`, `{"sub":"a"`,
	} {
		f.Add(`{"alg":"HS256","kid":"s"}`, claims, "", true)
		f.Add(`{"alg":"EdDSA"}`, claims, "AAAA", false)
	}
	f.Add(`{"alg":"none"}`, `{"sub":"a"}`, "", false)
	f.Add(`null`, `{}`, "..", false)
	f.Fuzz(func(t *testing.T, header, claims, signature string, signed bool) {
		token := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
		if signed {
			mac, err := jwt.SigningMethodHS256.Sign(token, secretKey.Secret)
			if err != nil {
				t.Fatal(err)
			}
			signature = base64.RawURLEncoding.EncodeToString(mac)
		}
		token += "." + signature
		id, err := verifier.Verify(token, now)
		if err != nil {
			code := codeOf(t, err)
			if code != protocol.BadToken && code != protocol.TokenExpired {
				t.Fatalf("code %s", code)
			}
			return
		}
		if !signed {
			t.Fatal("a token without a signature of ours was taken")
		}
		if id.Sub == "" || id.Check() != nil || (!id.Expires.IsZero() && !now.Before(id.Expires)) {
			t.Fatalf("taken: %+v", id)
		}
		again, err := cfg.Sign(id, now, 0)
		if err != nil && len(claims) < 900 {
			t.Fatalf("an identity that was taken cannot be signed: %v", err)
		}
		if err == nil {
			if back, err := verifier.Verify(again, now); err != nil || back.Sub != id.Sub || len(back.Grants) != len(id.Grants) {
				t.Fatalf("signed again it is %+v, %v; was %+v", back, err, id)
			}
		}
	})
}
