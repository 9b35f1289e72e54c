// Package py holds the Python values that Go has no type for. Pickle, JSON,
// MessagePack, repr and the binding of calls all use them.
//
// A decoder returns, and every encoder takes, one of:
//
//	None       nil                   dict         *Dict (or *OrderedDict, *DefaultDict)
//	bool       bool                  set          *Set
//	int        int64, else *big.Int  frozenset    *FrozenSet
//	float      float64               datetime     time.Time if aware, else DateTime
//	complex    complex128            date         Date
//	str        string                time         TimeOfDay
//	bytes      []byte                timedelta    time.Duration, else TimeDelta
//	bytearray  ByteArray             Decimal      Decimal
//	list       []any                 UUID         uuid.UUID
//	tuple      Tuple                 range        Range
//	Path       Path                  class, def   Global
//
// and *Object for everything else. From turns any other Go value (structs,
// maps, typed slices, pointers) into one of these; Assign goes the other way.
package py

// A Tuple is a Python tuple.
type Tuple []any

// A ByteArray is a Python bytearray; plain bytes are []byte.
type ByteArray []byte

// A Decimal is the text of a Python decimal.Decimal, such as "1.50" or "NaN".
type Decimal string

// A Path is a pathlib.PosixPath. Other flavours decode to an *Object.
type Path string

// A Range is a Python range. A range with a bound past 64 bits decodes to an
// *Object.
type Range struct {
	Start, Stop, Step int64
}

// A Global is a Python class or function, by reference. Nothing is imported.
type Global struct {
	Module, Name string
}

// String returns the dotted path, as in "decimal.Decimal".
func (g Global) String() string { return g.Module + "." + g.Name }

// A Date is a Python datetime.date.
type Date struct {
	Year, Month, Day int
}

// A DateTime is a Python datetime.datetime that time.Time cannot represent: one without
// a time zone (TZ is nil), or with a tzinfo that is an *Object.
type DateTime struct {
	Year, Month, Day                  int
	Hour, Minute, Second, Microsecond int
	Fold                              int
	TZ                                any
}

// A TimeOfDay is a Python datetime.time. TZ is nil for a naive one, else a
// *time.Location, or an *Object for a tzinfo that Go does not know.
type TimeOfDay struct {
	Hour, Minute, Second, Microsecond int
	Fold                              int
	TZ                                any
}

// A TimeDelta is a Python datetime.timedelta that overflows time.Duration
// (about 292 years). It is normalised as Python's is: 0 <= Seconds < 86400 and
// 0 <= Microseconds < 1000000.
type TimeDelta struct {
	Days, Seconds, Microseconds int
}

// An Object is a Python value without a counterpart in Go: an instance of a class, an
// exception, an Enum member. It records how the value was built, never runs it, and
// encodes back to an equal pickle.
type Object struct {
	// Callable is the callee, nearly always a Global.
	Callable any
	// Args are the arguments of the call.
	Args Tuple
	// KwArgs is nil unless the class has keyword arguments to its __new__.
	KwArgs *Dict
	// New marks cls.__new__(cls, *Args), as opposed to a plain call.
	New bool
	// State is what __setstate__ or __dict__ received; HasState distinguishes None from absent.
	State    any
	HasState bool
	// Appended and Items are the list and dict items that were added to the
	// new object, as for a subclass of list or dict.
	Appended []any
	Items    []Item
}

// Class returns the dotted path of the callee, or "" when it is not a plain reference.
func (o *Object) Class() string {
	if g, ok := o.Callable.(Global); ok {
		return g.String()
	}
	return ""
}
