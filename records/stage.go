package records

import "github.com/tuttisync/tutti/doc"

// stage are cells with what a batch has made of them up to now. A batch may
// write to one large record hundreds of times: the first write copies it, and
// the others, which nobody can see yet, change the copy.
type stage struct {
	doc.Cells
	made   map[string]doc.Cell
	copies map[*Record]bool
}

func (s stage) Get(key string) doc.Cell {
	if cell, ok := s.made[key]; ok {
		return cell
	}
	return s.Cells.Get(key)
}

func (s stage) Set(key string, cell doc.Cell) { s.made[key] = cell }

func (s stage) write(key string, record *Record, writes []field) error {
	if s.copies[record] {
		return record.write(writes)
	}
	after, err := record.with(writes)
	if err != nil {
		return err
	}
	s.copies[after] = true
	s.made[key] = after
	return nil
}
