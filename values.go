package rq

import "github.com/rqgo/rq/internal/py"

// Types for Python's values that have no type in Go. Arguments, results and meta
// that Python wrote consist of these and of nil, bool, int64, *big.Int, float64,
// complex128, string, []byte, []any, time.Time, time.Duration and uuid.UUID. All of
// them can be arguments and results too.
type (
	// A Tuple is a Python tuple.
	Tuple = py.Tuple
	// A Dict is a Python dict. It keeps the order of its keys, which are any
	// hashable values.
	Dict = py.Dict
	// An Item is one key and value of a Dict.
	Item = py.Item
	// An OrderedDict is a collections.OrderedDict.
	OrderedDict = py.OrderedDict
	// A DefaultDict is a collections.defaultdict.
	DefaultDict = py.DefaultDict
	// A Set is a Python set.
	Set = py.Set
	// A FrozenSet is a Python frozenset.
	FrozenSet = py.FrozenSet
	// A ByteArray is a Python bytearray.
	ByteArray = py.ByteArray
	// A Decimal is a decimal.Decimal, as its text.
	Decimal = py.Decimal
	// A Path is a pathlib.Path.
	Path = py.Path
	// A Range is a Python range.
	Range = py.Range
	// A Date is a datetime.date.
	Date = py.Date
	// A DateTime is a datetime.datetime that time.Time cannot represent, such as one
	// without a time zone.
	DateTime = py.DateTime
	// A TimeOfDay is a datetime.time.
	TimeOfDay = py.TimeOfDay
	// A TimeDelta is a datetime.timedelta that is longer than any time.Duration.
	TimeDelta = py.TimeDelta
	// A Global is a reference to a Python class or function.
	Global = py.Global
	// A PyObject is any other Python value, as the instructions that build it. They
	// are never run.
	PyObject = py.Object
)

// NewDict returns a Dict of items. It returns an error for a key that is not
// hashable in Python.
func NewDict(items ...Item) (*Dict, error) { return py.NewDict(items...) }

// NewSet returns a Set of values. It returns an error for a value that is not
// hashable in Python.
func NewSet(values ...any) (*Set, error) { return py.NewSet(values...) }

// NewFrozenSet returns a FrozenSet of values. It returns an error for a value that is
// not hashable in Python.
func NewFrozenSet(values ...any) (*FrozenSet, error) { return py.NewFrozenSet(values...) }
