package config

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Size is a number of bytes. As text it is a whole number with one of the units
// B, KiB, MiB, GiB, or none.
type Size int

var units = []struct {
	name  string
	bytes Size
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}

// String returns the text with the largest unit that divides the size.
func (s Size) String() string {
	for _, u := range units {
		if s != 0 && s%u.bytes == 0 {
			return strconv.Itoa(int(s/u.bytes)) + u.name
		}
	}
	return "0B"
}

func parseSize(text string) (Size, error) {
	number, unit := text, Size(1)
	for _, u := range units {
		if n, ok := strings.CutSuffix(text, u.name); ok {
			number, unit = n, u.bytes
			break
		}
	}
	n, err := strconv.ParseUint(number, 10, 63)
	if err != nil || n > math.MaxInt/uint64(unit) {
		return 0, fmt.Errorf("%.40q is not a size like 512, 64KiB or 1MiB", text)
	}
	return Size(n) * unit, nil
}

// parseDuration reads what [time.ParseDuration] does, and days: 7d, 1d12h.
func parseDuration(text string) (time.Duration, error) {
	const day = 24 * time.Hour
	var total time.Duration
	fault := fmt.Errorf("%.40q is not a duration like 30s, 12h or 7d", text)
	rest := text
	if days, after, ok := strings.Cut(text, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		if err != nil {
			return 0, fault
		}
		total, rest = time.Duration(n)*day, after
		if rest == "" {
			return total, nil
		}
	}
	d, err := time.ParseDuration(rest)
	if err != nil || (total > 0 && d < 0) || d > math.MaxInt64-total {
		return 0, fault
	}
	return total + d, nil
}

// setText gives one value its text.
func setText(into reflect.Value, text string) error {
	switch into.Interface().(type) {
	case time.Duration:
		d, err := parseDuration(text)
		into.SetInt(int64(d))
		return err
	case Size:
		s, err := parseSize(text)
		into.SetInt(int64(s))
		return err
	}
	switch into.Kind() {
	case reflect.String:
		into.SetString(text)
	case reflect.Bool:
		if text != "true" && text != "false" {
			return fmt.Errorf("%.40q is not true or false", text)
		}
		into.SetBool(text == "true")
	case reflect.Int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%.40q is not a whole number", text)
		}
		into.SetInt(int64(n))
	default:
		panic("config: a field of type " + into.Type().String())
	}
	return nil
}
