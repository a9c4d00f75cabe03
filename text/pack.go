package text

import "math/bits"

// The numbers and texts of a saved history are packed with an adaptive binary
// range coder, as LZMA's (Pavlov): each bit is coded by how likely it has been in
// its context so far.

const (
	chanceBits = 11 // of a chance
	moveBits   = 4  // how fast one follows
	half       = 1 << (chanceBits - 1)
	topBits    = 1 << 24
)

// chance is how likely a bit is 0, of 1 << chanceBits.
type chance uint16

// packer writes bits.
type packer struct {
	out   []byte
	low   uint64
	width uint32
	cache byte
	ahead int // bytes that a carry may still change
}

func newPacker() *packer { return &packer{width: 1<<32 - 1, ahead: 1} }

func (p *packer) shift() {
	if uint32(p.low) < 0xff000000 || p.low>>32 > 0 {
		carry := byte(p.low >> 32)
		for b := p.cache; p.ahead > 0; p.ahead-- {
			p.out = append(p.out, b+carry)
			b = 0xff
		}
		p.cache = byte(p.low >> 24)
	}
	p.ahead++
	p.low = p.low & 0x00ffffff << 8
}

func (p *packer) bit(c *chance, b int) {
	bound := p.width >> chanceBits * uint32(*c)
	if b == 0 {
		p.width = bound
		*c += (1<<chanceBits - *c) >> moveBits
	} else {
		p.low += uint64(bound)
		p.width -= bound
		*c -= *c >> moveBits
	}
	for p.width < topBits {
		p.width <<= 8
		p.shift()
	}
}

// bytes ends the packing, and returns all.
func (p *packer) bytes() []byte {
	for range 5 {
		p.shift()
	}
	return p.out[1:]
}

// unpacker reads what a packer wrote. Behind its end there are zeros.
type unpacker struct {
	in    []byte
	width uint32
	code  uint32
	over  int // bytes that were read behind the end
}

func newUnpacker(in []byte) *unpacker {
	u := &unpacker{in: in, width: 1<<32 - 1}
	for range 4 {
		u.code = u.code<<8 | uint32(u.next())
	}
	return u
}

func (u *unpacker) next() byte {
	if len(u.in) == 0 {
		u.over++
		return 0
	}
	b := u.in[0]
	u.in = u.in[1:]
	return b
}

func (u *unpacker) bit(c *chance) (b int) {
	bound := u.width >> chanceBits * uint32(*c)
	if u.code < bound {
		u.width = bound
		*c += (1<<chanceBits - *c) >> moveBits
	} else {
		u.code -= bound
		u.width -= bound
		*c -= *c >> moveBits
		b = 1
	}
	for u.width < topBits {
		u.width <<= 8
		u.code = u.code<<8 | uint32(u.next())
	}
	return b
}

// coder packs or unpacks, by the same steps.
type coder struct {
	p *packer
	u *unpacker
}

func (k coder) bit(c *chance, b int) int {
	if k.p != nil {
		k.p.bit(c, b)
		return b
	}
	return k.u.bit(c)
}

// tree codes a number of n bits, the highest first, each in the context of those
// before it.
func (k coder) tree(chances []chance, n, v int) int {
	at := 1
	for i := n - 1; i >= 0; i-- {
		at = at<<1 | k.bit(&chances[at], v>>i&1)
	}
	return at - 1<<n
}

// numbers are the contexts of a number: of how many bits it has, and of the three
// behind its highest.
type numbers struct {
	size []chance
	high [][]chance
	low  []chance
}

func newNumbers() *numbers {
	n := &numbers{size: newChances(64), low: newChances(64)}
	for range 33 {
		n.high = append(n.high, newChances(8))
	}
	return n
}

func newChances(n int) []chance {
	c := make([]chance, n)
	for i := range c {
		c[i] = half
	}
	return c
}

// number codes a number below 1 << 32.
func (k coder) number(n *numbers, v int) int {
	size := k.tree(n.size, 6, bits.Len32(uint32(v)))
	if size < 2 {
		return size
	}
	size = min(size, 32)
	rest := size - 1
	head := min(rest, 3)
	rest -= head
	result := 1<<head | k.tree(n.high[size], head, v>>rest&(1<<head-1))
	for i := rest - 1; i >= 0; i-- {
		result = result<<1 | k.bit(&n.low[i], v>>i&1)
	}
	return result
}

// signed codes a number that may be negative.
func (k coder) signed(n *numbers, v int) int {
	z := k.number(n, int(uint32(v<<1)^uint32(v>>31)))
	return int(int32(uint32(z)>>1) ^ -int32(z&1))
}
