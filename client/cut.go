package client

import (
	"unicode/utf8"

	"github.com/tuttisync/tutti/text"
)

// mostSplices is how many splices an operation has at most; the server takes more.
const mostSplices = 1000

// cut returns an operation as several, each of which has about so many bytes of
// JSON at most, as has what takes it back, and sees those before it (rule TEXT-18).
func cut(op text.Op, most int) (all []text.Op) {
	bytes := 0
	for _, splice := range op {
		for _, s := range pieces(splice, most) {
			size := bytesOf(s)
			if last := len(all) - 1; last < 0 || bytes+size > most || len(all[last]) == mostSplices {
				all, bytes = append(all, nil), 0
			}
			last := len(all) - 1
			all[last] = append(all[last], s)
			bytes += size + min(s.Delete*utf8.UTFMax, most)
		}
	}
	return all
}

// pieces returns a splice as several, which insert so many bytes at most, and
// delete what could be put back so.
func pieces(s text.Splice, most int) (all []text.Splice) {
	mostDeleted := (most + utf8.UTFMax - 1) / utf8.UTFMax
	for ; s.Delete > mostDeleted; s.Delete -= mostDeleted {
		all = append(all, text.Splice{At: s.At, Delete: mostDeleted})
	}
	from, runes, bytes := 0, 0, 0
	for i, r := range s.Insert {
		size := bytesOfRune(r)
		if bytes+size > most && i > from {
			all = append(all, text.Splice{At: s.At, Delete: s.Delete, Insert: s.Insert[from:i]})
			s.At, s.Delete = s.At+runes, 0
			from, runes, bytes = i, 0, 0
		}
		runes, bytes = runes+1, bytes+size
	}
	return append(all, text.Splice{At: s.At, Delete: s.Delete, Insert: s.Insert[from:]})
}

// bytesOf is about how many bytes of JSON a splice has, and not fewer.
func bytesOf(s text.Splice) int {
	n := len(`[536870912,536870912,""],`)
	for _, r := range s.Insert {
		n += bytesOfRune(r)
	}
	return n
}

func bytesOfRune(r rune) int {
	switch {
	case r < ' ':
		return len(`\u0000`)
	case r == '"', r == '\\':
		return 2
	default:
		return utf8.RuneLen(r)
	}
}
