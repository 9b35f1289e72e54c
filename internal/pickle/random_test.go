package pickle_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/rqgo/rq/internal/py"
)

// A maker makes values out of a source of numbers, random or from a fuzzer. It
// comes back to what it made before, so that references are tried too.
type maker struct {
	next  func() uint64 // 0 when the source is at its end
	left  int           // how many more values it may make
	made  []any         // containers to refer to
	zones []*time.Location
}

func newMaker(next func() uint64) *maker {
	return &maker{next: next, left: 60, zones: []*time.Location{
		time.UTC, time.FixedZone("UTC+02:00", 7200), time.FixedZone("UTC-05:30", -19800), time.FixedZone("UTC+00:00:01", 1),
	}}
}

// numbersOf is a source that reads its numbers from data.
func numbersOf(data []byte) func() uint64 {
	return func() uint64 {
		var b [8]byte
		n := copy(b[:], data)
		if n > 0 {
			n = min(n, 1+int(b[0]&7)) // short numbers let a fuzzer move the others
		}
		data = data[n:]
		clear(b[n:])
		return binary.LittleEndian.Uint64(b[:]) >> 3
	}
}

func (m *maker) n(limit int) int { return int(m.next() % uint64(limit)) }

func (m *maker) value(depth int) any {
	if m.left--; m.left < 0 || depth > 6 {
		return int64(m.n(300))
	}
	switch k := m.n(12); {
	case k < 4:
		return m.scalar()
	case k < 6:
		return m.standard(depth)
	case k == 6 && len(m.made) > 0:
		return m.made[m.n(len(m.made))]
	}
	v := m.container(depth)
	m.made = append(m.made, v)
	return v
}

func (m *maker) scalar() any {
	switch m.n(10) {
	case 0:
		return nil
	case 1:
		return m.n(2) == 1
	case 2:
		return int64(m.n(256))
	case 3:
		return int64(m.next() << 3 >> m.n(64) * (1 - 2*uint64(m.n(2))))
	case 4:
		return m.big()
	case 5:
		return math.Float64frombits(m.next() << m.n(12))
	case 6:
		return complex(float64(m.n(9))/2, -float64(m.n(9)))
	case 7:
		return m.text()
	case 8:
		return []byte(m.text())
	}
	return py.ByteArray(m.text())
}

func (m *maker) big() any {
	n := new(big.Int).SetUint64(m.next())
	n.Lsh(n, uint(m.n(300)))
	if m.n(2) == 1 {
		n.Not(n)
	}
	if n.IsInt64() {
		return n.Int64()
	}
	return n
}

func (m *maker) text() string {
	// No name of a module, class, attribute or path is among them: Python has
	// those twice, as what it read and as what it interned. See the corpus.
	words := []string{"", "ab", "tasks.add", "é", "☃", "😀", "\xed\xa0\x80", "\x00", "12"}
	s := words[m.n(len(words))]
	if m.n(3) == 0 {
		s += strconv.Itoa(m.n(1000))
	}
	if m.n(40) == 0 {
		for len(s) > 0 && len(s) < 300 {
			s += s
		}
	}
	return s
}

func (m *maker) standard(depth int) any {
	micros := int64(m.next()>>8) % 62135596800000000 // up to two thousand years either way
	switch m.n(10) {
	case 0:
		return time.UnixMicro(micros - 62135510400000000/2).In(m.zones[m.n(len(m.zones))])
	case 1:
		return py.DateTime{Year: 1 + m.n(9999), Month: 1 + m.n(12), Day: 1 + m.n(28), Hour: m.n(24), Minute: m.n(60), Second: m.n(60), Microsecond: m.n(1e6), Fold: m.n(2)}
	case 2:
		return py.Date{Year: 1 + m.n(9999), Month: 1 + m.n(12), Day: 1 + m.n(28)}
	case 3:
		return py.TimeOfDay{Hour: m.n(24), Minute: m.n(60), Second: m.n(60), Microsecond: m.n(1e6), Fold: m.n(2)}
	case 4:
		return time.Duration(micros-31067755200000000) * time.Microsecond
	case 5:
		return py.TimeDelta{Days: 106752 + m.n(999999999-106752), Seconds: m.n(86400), Microseconds: m.n(1e6)}
	case 6:
		return py.Decimal(fmt.Sprintf("%d.%02d", m.n(1000), m.n(100)))
	case 7:
		var u uuid.UUID
		binary.BigEndian.PutUint64(u[m.n(9):], m.next())
		return u
	case 8:
		return py.Range{Start: int64(m.n(10)), Stop: int64(m.next() >> 4), Step: 1 + int64(m.n(3))}
	}
	return m.object(depth)
}

func (m *maker) object(depth int) any {
	switch m.n(4) {
	case 0:
		return py.Path(m.path())
	case 1:
		return py.Global{Module: "builtins", Name: []string{"int", "len", "print", "str"}[m.n(4)]}
	case 2:
		return py.DateTime{Year: 2026, Month: 1 + m.n(12), Day: 1, TZ: &py.Object{
			Callable: py.Global{Module: "shop", Name: "BareZone"}, Args: py.Tuple{}, State: m.state(depth), HasState: true,
		}}
	}
	o := &py.Object{Callable: py.Global{Module: "shop", Name: "Order"}, Args: py.Tuple{}, New: true}
	m.made = append(m.made, o)
	o.State, o.HasState = m.state(depth), true
	return o
}

// state is what an instance may have for a __dict__.
func (m *maker) state(depth int) any {
	d := &py.Dict{}
	names := []string{"name", "minutes", "note", "code"}
	for i := range names[:1+m.n(4)] {
		_ = d.Set(names[i], m.value(depth+1))
	}
	return d
}

func (m *maker) path() string {
	return []string{".", "/", "pa", "/pa/pb", "pa/pb/pc/pd", "//pa", "../reports"}[m.n(7)]
}

func (m *maker) container(depth int) any {
	size := []int{0, 1, 2, 3, 4, 5}[m.n(6)]
	if depth == 0 && m.n(100) == 0 {
		size = []int{999, 1000, 1001}[m.n(3)]
	}
	values := make([]any, size)
	for i := range values {
		values[i] = m.value(depth + 1)
	}
	switch m.n(8) {
	case 0, 1:
		return py.Tuple(values)
	case 2, 3:
		if len(values) > 1 && m.n(10) == 0 {
			values[m.n(len(values))] = values // a list in itself
		}
		return values
	case 4:
		// Python orders small numbers by size, so the order is one that it keeps.
		s := &py.Set{}
		for i := range m.n(5) {
			_ = s.Add(int64(i))
		}
		return s
	case 5:
		s := &py.FrozenSet{}
		_ = s.Add(py.Tuple{m.text(), int64(m.n(5))})
		return s
	case 6:
		d := &py.OrderedDict{}
		m.fill(&d.Dict, values)
		return d
	}
	d := &py.Dict{}
	m.fill(d, values)
	return d
}

func (m *maker) fill(d *py.Dict, values []any) {
	for i, v := range values {
		var key any = int64(i)
		switch m.n(4) {
		case 0, 1:
			key = m.text()
		case 2:
			key = py.Tuple{int64(i), m.text()}
		}
		_ = d.Set(key, v)
	}
}
