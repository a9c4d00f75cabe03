package text

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// A text is saved so that it can be read fast: its length in bytes, and if that
// is not 0, whether it stands there as it is (0) or as Huffman codes (1): then
// the length of each byte's code, two in a byte, how many bytes of codes there
// are, and the codes, the highest bit first.

// longest is how many bits a code has at most.
const longest = 12

func appendPlain(b []byte, text string) []byte {
	b = binary.AppendUvarint(b, uint64(len(text)))
	if text == "" {
		return b
	}
	lengths := codeLengths(text)
	bits := 0
	for i := range len(text) {
		bits += int(lengths[text[i]])
	}
	if size := (bits + 7) / 8; size+160 < len(text) {
		b = append(b, 1)
		for i := 0; i < 256; i += 2 {
			b = append(b, lengths[i]|lengths[i+1]<<4)
		}
		return appendCodes(binary.AppendUvarint(b, uint64(size)), text, &lengths)
	}
	return append(append(b, 0), text...)
}

// codeLengths are those of a Huffman code for the bytes of a text (0: the byte
// does not occur), none longer than longest. Of trees that are equally rare
// those of lower bytes are joined first, and bytes before joined ones.
func codeLengths(text string) (lengths [256]uint8) {
	var counts [256]int
	for i := range len(text) {
		counts[text[i]]++
	}
	for {
		var symbols []int
		for symbol, n := range counts {
			if n > 0 {
				symbols = append(symbols, symbol)
			}
		}
		slices.SortStableFunc(symbols, func(a, b int) int { return cmp.Compare(counts[a], counts[b]) })
		// The trees: those of one byte, and then the joined ones, both ascending.
		var trees []int
		for _, symbol := range symbols {
			trees = append(trees, counts[symbol])
		}
		above := make([]int, 2*len(symbols))
		leaf, joined := 0, len(symbols)
		rarest := func() int {
			next := &leaf
			if leaf == len(symbols) || joined < len(trees) && trees[joined] < trees[leaf] {
				next = &joined
			}
			above[*next] = len(trees)
			*next++
			return trees[*next-1]
		}
		for len(trees) < 2*len(symbols)-1 {
			trees = append(trees, rarest()+rarest())
		}
		depths := make([]uint8, len(trees))
		for i := len(trees) - 2; i >= 0; i-- {
			depths[i] = depths[above[i]] + 1
		}
		for i, symbol := range symbols {
			lengths[symbol] = max(1, depths[i])
		}
		if slices.Max(lengths[:]) <= longest {
			return lengths
		}
		for i := range counts {
			counts[i] = (counts[i] + 1) / 2
		}
	}
}

// codes gives each byte its code: shorter ones first, and of one length lower
// bytes first. It returns false if the lengths are those of no code.
func codes(lengths *[256]uint8) (of [256]uint16, ok bool) {
	code, room := 0, 1<<longest
	for n := uint8(1); n <= longest; n++ {
		code <<= 1
		for symbol, l := range lengths {
			if l == n {
				of[symbol] = uint16(code)
				code++
				room -= 1 << (longest - n)
			}
		}
	}
	return of, room >= 0
}

func appendCodes(b []byte, text string, lengths *[256]uint8) []byte {
	of, _ := codes(lengths)
	var buffer uint64
	held := 0
	for i := range len(text) {
		n := int(lengths[text[i]])
		buffer = buffer<<n | uint64(of[text[i]])
		for held += n; held >= 8; held -= 8 {
			b = append(b, byte(buffer>>(held-8)))
		}
	}
	if held > 0 {
		b = append(b, byte(buffer<<(8-held)))
	}
	return b
}

// plain reads what appendPlain wrote.
func (r *reader) plain() string {
	n := r.number(MaxLength * 4)
	if n == 0 {
		return ""
	}
	if r.number(1) == 0 {
		return r.text(n)
	}
	nibbles := r.text(128)
	data := r.text(r.number(uint64(len(r.data))))
	if r.bad || n > 8*len(data) {
		r.bad = true
		return ""
	}
	var lengths [256]uint8
	for i := range 256 {
		lengths[i] = nibbles[i/2] >> (4 * (i % 2)) & 15
		if lengths[i] > longest {
			r.bad = true
			return ""
		}
	}
	of, ok := codes(&lengths)
	if !ok {
		r.bad = true
		return ""
	}
	var table [1 << longest]uint16 // symbol and length of the code that these bits begin with
	for symbol, l := range lengths {
		if l > 0 {
			from := int(of[symbol]) << (longest - l)
			for i := range 1 << (longest - l) {
				table[from+i] = uint16(symbol)<<4 | uint16(l)
			}
		}
	}
	text := make([]byte, n)
	var buffer uint64
	held, at := 0, 0
	for i := range text {
		for held < longest {
			b := byte(0)
			if at < len(data) {
				b = data[at]
			}
			buffer = buffer<<8 | uint64(b)
			at++
			held += 8
		}
		entry := table[buffer>>(held-longest)&(1<<longest-1)]
		if entry == 0 {
			r.bad = true
			return ""
		}
		text[i] = byte(entry >> 4)
		held -= int(entry & 15)
	}
	if at-held/8 > len(data) {
		r.bad = true
	}
	return string(text)
}
