package hub

import (
	"slices"
	"sort"

	"github.com/tuttisync/tutti/protocol"
)

const (
	latestBytes = 4 << 20  // of what one topic knows of its keys
	keysBytes   = 64 << 20 // of what all topics do
	keyCost     = 96       // of each key, beside its bytes
)

// latest knows which entry of a log is the newest of its key, so that any
// reader that is behind can be given those alone, wherever it stands. Entries
// without a key share the empty one.
//
// It holds an offset for each key, in order of offsets, which costs what the
// keys cost and not what the log does. A fold over what each reader missed
// would need no memory between readers, but would read the log once for each.
// When there are too many keys those with the oldest entries are let go: below
// the floor it is known of an entry that it is not the newest, but no more of
// one that it is.
type latest struct {
	max    int
	newest map[string]uint64
	order  []keyed // ascending; some are not the newest of their key any more
	floor  uint64  // the lowest offset from which on all is known
	bytes  int     // of what newest holds
}

type keyed struct {
	offset uint64
	key    string
}

func newLatest(floor uint64, maxBytes int) *latest {
	return &latest{max: maxBytes, newest: make(map[string]uint64), floor: floor}
}

// add notes the entry that comes next.
func (l *latest) add(offset uint64, key string) {
	if _, ok := l.newest[key]; !ok {
		l.bytes += len(key) + keyCost
	}
	l.newest[key] = offset
	l.order = append(l.order, keyed{offset, key})
	if len(l.order) > 2*len(l.newest)+64 {
		l.order = slices.DeleteFunc(l.order, func(k keyed) bool { return !l.holds(k) })
	}
	l.shrink(l.max)
}

// addStored notes a batch whose first entry has the given offset.
func (l *latest) addStored(first uint64, entries [][]byte) {
	for i, stored := range entries {
		l.add(first+uint64(i), protocol.EntryKey(stored))
	}
}

func (l *latest) holds(k keyed) bool { return l.newest[k.key] == k.offset }

// shrink lets the oldest keys go until the rest has at most limit bytes.
func (l *latest) shrink(limit int) {
	n := 0
	for ; l.bytes > limit && n < len(l.order); n++ {
		if k := l.order[n]; l.holds(k) {
			delete(l.newest, k.key)
			l.bytes -= len(k.key) + keyCost
		}
		l.floor = max(l.floor, l.order[n].offset+1)
	}
	l.order = slices.Delete(l.order, 0, n)
}

// join puts what older knows, up to end, below what l knows from there on.
func (l *latest) join(older *latest, end uint64) {
	if l.floor > end+1 {
		return // there are too many keys as it is
	}
	var below []keyed
	for _, k := range older.order {
		if _, newer := l.newest[k.key]; !newer && older.holds(k) {
			below = append(below, k)
		}
	}
	for _, k := range below {
		l.newest[k.key] = k.offset
		l.bytes += len(k.key) + keyCost
	}
	l.order = append(below, l.order...)
	l.floor = older.floor
	l.shrink(l.max)
}

// from appends to dst the offsets, at or above the given one, of entries that
// are the newest of their key, ascending, until dst is full.
func (l *latest) from(dst []uint64, offset uint64) []uint64 {
	i := sort.Search(len(l.order), func(i int) bool { return l.order[i].offset >= offset })
	for ; i < len(l.order) && len(dst) < cap(dst); i++ {
		if l.holds(l.order[i]) {
			dst = append(dst, l.order[i].offset)
		}
	}
	return dst
}

// forget notes that the entry of offset has lost its key. Which entry is the
// newest of that key now is not known, nor, if no newer one has no key, which is
// the newest of those: it says whether the floor had to rise for that.
func (l *latest) forget(offset uint64, key string) bool {
	if l.passed(offset, key) && l.passed(offset, "") {
		return false
	}
	if l.newest[key] == offset {
		delete(l.newest, key)
		l.bytes -= len(key) + keyCost
	}
	l.floor = max(l.floor, offset+1)
	return true
}

// passed says whether a newer entry than that of offset is known to have the
// key.
func (l *latest) passed(offset uint64, key string) bool { return l.newest[key] > offset }
