package records

import (
	"strings"

	"github.com/tuttisync/tutti/protocol"
)

// The order of records is a field that holds a fractional index (rule
// RECORDS-11): a string of base-62 digits, read as the digits behind a point, so
// that there is always one between two, and a record is moved by writing one
// field. The ideas are those of Figma ("Realtime editing of ordered sequences")
// and of Greenspan ("Implementing fractional indexing").
//
// Indexes begin with a whole number, so that what is always added at an end
// stays short: a first digit says how many digits follow, 1 to 26 for a to z,
// and for Z to A with the numbers below zero. Added at an end is the next whole
// number. Behind it, and between two indexes, stand digits by chance, enough
// that two clients that add in one place at once hardly choose the same.

const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

const base = len(digits)

// room is between how many indexes of one length, at least, one is chosen.
const room = base * base * base

// Between returns an index between two: above the one that it comes after and
// below the one that it comes before. Either may be empty: there is none on that
// side. Random returns numbers from 0 up to 1, as rand.Float64 does; it is asked
// once. What is no index, or not in that order, is bad_operation.
func Between(after, before string, random func() float64) (string, error) {
	if after != "" && !IsIndex(after) || before != "" && !IsIndex(before) {
		return "", bad("An index is base-62 digits, the last of which is not 0.")
	}
	if after != "" && before != "" && after >= before {
		return "", protocol.Errorf(protocol.BadOperation, "There is no index between %.40q and %.40q.", after, before)
	}
	switch {
	case before == "" && (after == "" || after[0] < 'A'):
		return "a0" + middle("", "", random), nil
	case before == "":
		if next, ok := nextWhole(after, 1); ok {
			return next + middle("", "", random), nil
		}
	case after == "" && before[0] >= 'A':
		if last, ok := nextWhole(before, -1); ok {
			return last + middle("", "", random), nil
		}
	}
	return middle(after, before, random), nil
}

// IsIndex says whether s may be an index.
func IsIndex(s string) bool {
	for i := range len(s) {
		if strings.IndexByte(digits, s[i]) < 0 {
			return false
		}
	}
	return s != "" && s[len(s)-1] != '0'
}

// nextWhole returns the whole number after that of an index, or before it, if there
// is one.
func nextWhole(index string, by int) (string, bool) {
	length := int(index[0]-'a') + 2
	if index[0] < 'a' {
		length = int('Z'-index[0]) + 2
	}
	whole := []byte(index + strings.Repeat("0", max(0, length-len(index))))[:length]
	for i := length - 1; i > 0; i-- {
		d := strings.IndexByte(digits, whole[i]) + by
		whole[i] = digits[(d+base)%base]
		if 0 <= d && d < base {
			return string(whole), true
		}
	}
	return afterLast(whole[0], by)
}

// afterLast returns the first whole number of the next first digit, or the last
// one of the former.
func afterLast(first byte, by int) (string, bool) {
	switch {
	case by > 0 && first == 'Z':
		return "a0", true
	case by > 0 && first < 'Z':
		return string(first+1) + strings.Repeat("0", int('Z'-first)), true
	case by > 0 && first < 'z':
		return string(first+1) + strings.Repeat("0", int(first-'a')+2), true
	case by < 0 && first == 'a':
		return "Zz", true
	case by < 0 && first > 'a':
		return string(first-1) + strings.Repeat("z", int(first-'a')), true
	case by < 0 && first > 'A':
		return string(first-1) + strings.Repeat("z", int('Z'-first)+2), true
	}
	return "", false
}

// middle returns a fraction between two, given by their digits: above low, and
// below high, or below one if high is empty. It has as many digits as it takes
// for room, and is one of the middle half of all of that length.
func middle(low, high string, random func() float64) string {
	var all []byte // low's digits, up to the length
	apart := 0     // how far high is above low, in units of the last digit
	if high == "" {
		apart = 1
	}
	for apart < room {
		l, h := digitAt(low, len(all)), digitAt(high, len(all))
		all = append(all, byte(l))
		apart = apart*base + h - l
	}
	between := apart - 1
	add := 1 + between/4 + int(random()*float64(between/2))
	for i := len(all) - 1; add > 0; i-- {
		add += int(all[i])
		all[i] = byte(add % base)
		add /= base
	}
	for i := range all {
		all[i] = digits[all[i]]
	}
	return strings.TrimRight(string(all), "0")
}

func digitAt(s string, i int) int {
	if i >= len(s) {
		return 0
	}
	return strings.IndexByte(digits, s[i])
}
