package api

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
)

// module serves a JavaScript module, packed once for browsers that take gzip. A
// browser asks each time whether it has changed, and is sent it only if it has
// (rule HTTP-7).
func module(source []byte) func(http.ResponseWriter, *http.Request) error {
	packed := pack(source)
	plainTag, packedTag := tagOf(source), tagOf(packed)
	return func(w http.ResponseWriter, r *http.Request) error {
		h := w.Header()
		h.Add("Vary", "Accept-Encoding")
		h.Set("Cache-Control", "no-cache")
		body, tag := source, plainTag
		small := takesGzip(r.Header.Values("Accept-Encoding"))
		if small {
			body, tag = packed, packedTag
		}
		h.Set("ETag", tag)
		if known := r.Header.Get("If-None-Match"); known == "*" || strings.Contains(known, tag) {
			w.WriteHeader(http.StatusNotModified)
			return nil
		}
		if small {
			h.Set("Content-Encoding", "gzip")
		}
		h.Set("Content-Type", "text/javascript; charset=utf-8")
		_, err := w.Write(body)
		return ended(err)
	}
}

func pack(source []byte) []byte {
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err == nil {
		_, err = z.Write(source)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		panic(err) // a buffer takes all
	}
	return packed.Bytes()
}

// tagOf names a representation by its content.
func tagOf(body []byte) string {
	sum := sha256.Sum256(body)
	return fmt.Sprintf(`"%x"`, sum[:12])
}

// takesGzip says whether gzip is among the codings that the header names and
// does not refuse.
func takesGzip(header []string) bool {
	for coding := range strings.SplitSeq(strings.Join(header, ","), ",") {
		name, quality, _ := strings.Cut(strings.ReplaceAll(strings.ToLower(coding), " ", ""), ";")
		if name == "gzip" {
			return strings.TrimRight(quality, "0.") != "q="
		}
	}
	return false
}
